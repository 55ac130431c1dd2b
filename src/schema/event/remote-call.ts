import { f64, nullable, type RecordOf, table, text, word } from '../table.ts';
import { flow, placed, when } from './shared.ts';

export const remote_call = table(
  'remote_call',
  'One Windows remote action: a DCE/RPC call or an SMB share that was mapped.',
  {
    ...when,
    ...flow,
    ...placed,
    protocol: word('dce_rpc or smb'),
    endpoint: word('RPC interface (svcctl, atsvc, drsuapi, ...) or share type'),
    operation: word('RPC operation, or tree_connect'),
    path: text('named pipe or share path'),
    rtt_s: nullable(f64('seconds; null: no answer seen')),
  },
);
export type RemoteCall = RecordOf<typeof remote_call>;
