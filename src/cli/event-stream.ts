/** An event of a stream of server-sent events. */
export interface StreamEvent {
  readonly event: string;
  readonly data: string;
  /** the last id that was told, also by an earlier event; '' when none was */
  readonly id: string;
}

/** Longest block that is taken, characters: more than any finding has. */
const most_block = 16 * 1024 * 1024;

/**
 * Events of a stream as its bytes come, comments left out. What stands at the end without its empty line is no event.
 * https://html.spec.whatwg.org/multipage/server-sent-events.html#parsing-an-event-stream
 */
export async function* streamEvents(bytes: AsyncIterable<Uint8Array>): AsyncGenerator<StreamEvent> {
  const decoder = new TextDecoder();
  let rest = '';
  let [event, id] = ['message', ''];
  let data: string[] = [];
  let size = 0;
  for await (const piece of bytes) {
    const lines = (rest + decoder.decode(piece, { stream: true })).split('\n');
    rest = lines.pop()!;
    for (const line of lines.map((one) => one.replace(/\r$/, ''))) {
      if (line === '') {
        if (data.length > 0) yield { event, data: data.join('\n'), id };
        [event, data, size] = ['message', [], 0];
        continue;
      }
      const [, name = '', value = ''] = /^([^:]*)(?:: ?(.*))?$/s.exec(line) ?? [];
      if (name === 'event') event = value;
      else if (name === 'id') id = value;
      else if (name === 'data') data.push(value);
      size += value.length;
    }
    if (size + rest.length > most_block) throw new RangeError('an event of the stream is too long');
  }
}
