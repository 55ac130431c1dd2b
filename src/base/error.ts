/** Every kind of failure Weir reports, with the exit status of the command line. docs/errors.md is tested against it. */
export const errorCodes = {
  usage: { exit: 2, means: 'The command line is wrong.' },
  input_missing: { exit: 2, means: 'A path that was given does not exist or cannot be opened.' },
  input_unknown: { exit: 2, means: 'Nothing in what was given is of a kind that Weir can read.' },
  record_unreadable: {
    exit: 2,
    means: 'One record of the input cannot be read; it is kept as a reject and the run goes on.',
  },
  content_invalid: {
    exit: 2,
    means: 'A detector or feature file is wrong; the message names file and field.',
  },
  capture_unusable: {
    exit: 2,
    means:
      'Packets cannot be captured: tcpdump and dumpcap are missing, have not the right to, or there is no such interface; the message says what to do.',
  },
  config_invalid: { exit: 2, means: 'The file of settings is wrong; the message names file and field.' },
  store_unavailable: { exit: 2, means: 'The store cannot be started or reached.' },
  store_failed: { exit: 2, means: 'The store refused a statement.' },
  store_memory: {
    exit: 2,
    means: 'The store has too little memory for a statement, even for the least part of it.',
  },
  folder_unusable: {
    exit: 4,
    means:
      'A folder that Weir should write to is missing, may not be written, was not made by Weir, or holds links where files of Weir belong.',
  },
  busy: { exit: 2, means: 'There is no room for more at the moment; what was sent may be sent again later.' },
  disk_full: { exit: 5, means: 'The disk of the store, of temporary files or of the output is full.' },
  output_failed: { exit: 6, means: 'The output cannot be written for another reason than a full disk.' },
  request_invalid: { exit: 2, means: 'A request to the API is wrong; the message says what of it.' },
  unauthorized: { exit: 2, means: 'The API was asked without a token, or with one that it does not know.' },
  server_unavailable: { exit: 2, means: 'No running Weir answers at the address that was asked.' },
  too_large: { exit: 2, means: 'A request to the API is larger than it takes.' },
  fault: { exit: 3, means: 'A fault in Weir itself; what it printed says more.' },
  not_found: { exit: 2, means: 'What was asked for is not in the store.' },
} as const;
export type ErrorCode = keyof typeof errorCodes;

/** Whether there is no store to go on with: it is gone, or its disk is full. */
export function storeIsGone(error: unknown): boolean {
  return error instanceof WeirError && (error.code === 'store_unavailable' || error.code === 'disk_full');
}

/** The one error class. Decide by `code`, never by reading the message. */
export class WeirError extends Error {
  readonly code: ErrorCode;
  constructor(code: ErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'WeirError';
    this.code = code;
  }
}
