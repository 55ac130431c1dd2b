import { OldestOutSet, type SavedOldestOut } from '../base/bounded.ts';

/** Different hosts on different days from which on it is a habit of the house. */
const least_of_house = 3;
/** Hosts remembered; beyond that the oldest is forgotten. */
const most_hosts = 10_000;
/** Hosts that show the same at once before they are the population rather than strange in it, and more than half of all. */
const crowd = 20;

export interface HouseState {
  readonly hosts: SavedOldestOut<string, true>;
  readonly day: number;
  readonly counted: number;
}

/**
 * How many different hosts showed something on different days: each host counts once, and each day (UTC) once. So neither
 * one noisy host nor many that do it at once make it a habit of the house, and so excuse another.
 */
export class House {
  readonly #hosts: OldestOutSet<string>;
  #day: number;
  #counted: number;

  constructor(saved?: HouseState) {
    this.#hosts = new OldestOutSet(most_hosts, saved?.hosts);
    this.#day = saved?.day ?? Number.NaN;
    this.#counted = saved?.counted ?? 0;
  }

  save(): HouseState {
    return { hosts: this.#hosts.save(), day: this.#day, counted: this.#counted };
  }

  /** Takes in that a host showed it at an instant; in any order within a day. Returns whether that counts. */
  note(host: string, at: number): boolean {
    const day = Math.floor(at / 86_400e6);
    if (day === this.#day || !this.#hosts.add(host)) return false;
    this.#day = day;
    this.#counted++;
    return true;
  }

  /** 0 until it is a habit of the house. */
  get shown(): number {
    return this.#counted < least_of_house ? 0 : this.#counted;
  }
}

/** Whether hosts that are far out together are no longer strange but what the network does now. */
export function isCrowd(far_hosts: number, hosts: number): boolean {
  return far_hosts > crowd && 2 * far_hosts > hosts;
}
