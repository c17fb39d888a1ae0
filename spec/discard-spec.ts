import { PassThrough, Readable } from 'node:stream';
import { describe, expect, it, jest } from '@jest/globals';
import { discard } from '../src/discard.js';

describe('discard', () => {
  it('cancels a stream of the web', () => {
    const cancel = jest.fn<() => void>();
    discard(new ReadableStream({ cancel }));
    expect(cancel).toHaveBeenCalledTimes(1);
  });

  it('destroys a stream of Node', () => {
    const stream = Readable.from(['x']);
    discard(stream);
    expect(stream.destroyed).toBe(true);
  });

  it('leaves alone what is being read', async () => {
    const { body } = new Response('x');
    const reader = body!.getReader();
    discard(body);
    expect((await reader.read()).value).toEqual(Buffer.from('x'));

    const stream = Readable.from(['x']);
    const read = stream.pipe(new PassThrough());
    await new Promise((resolve) => read.once('readable', resolve));
    discard(stream);
    expect(String(read.read())).toBe('x');
    expect(stream.errored).toBeNull();
  });

  it.each([null, undefined, 'text', {}, { cancel: true }, { destroy: 'it' }, Buffer.from('x')])(
    'has nothing to do with %p',
    (body) => {
      expect(() => discard(body)).not.toThrow();
    },
  );
});
