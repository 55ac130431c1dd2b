import type { Sink } from '../../schema/reading.ts';
import { type FlowPlace, flowPlace } from './flow-place.ts';
import type { FlowTable } from './flow-table.ts';
export function serviceNames(_bits: number): string {
  return '';
}
export class Analyzers {
  private readonly table: FlowTable;
  constructor(table: FlowTable, _sink: Sink, _on: boolean) {
    this.table = table;
  }
  datagram(
    _i: number,
    _o: boolean,
    _b: Uint8Array,
    _f: number,
    _u: number,
    _t: number,
    _l: number,
    _x: number,
  ): void {}
  stream(
    _i: number,
    _o: boolean,
    _b: Uint8Array,
    _f: number,
    _u: number,
    _t: number,
    _l: number,
    _x: number,
  ): void {}
  gap(_i: number, _o: boolean, _n: number): void {}
  ended(_i: number, _o: boolean): void {}
  flipped(_i: number): void {}
  close(i: number): FlowPlace {
    return flowPlace(this.table, i);
  }
}
