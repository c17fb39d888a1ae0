import { describe, expect, it } from '@jest/globals';
import { isLoopback } from '../src/isLoopback.js';

describe('isLoopback', () => {
  it.each([
    'localhost',
    'LOCALHOST:8080',
    '127.0.0.1',
    '127.1.2.3',
    '127.1',
    '0x7f000001',
    '[::1]:80',
    '[0::1]',
  ])('is true of %s', (host) => expect(isLoopback(new URL(`http://${host}/`))).toBe(true));

  it.each([
    ...[
      'localhost.',
      'localhost.example.com',
      'api.localhost',
      'me@localhost.example',
      '127.0.0.1.example.com',
    ],
    ...[
      '128.0.0.1',
      '0.0.0.0',
      '10.0.0.1',
      '192.168.0.1',
      '[::]',
      '[::2]',
      '[::ffff:127.0.0.1]',
      'example.com',
    ],
  ])('is false of %s', (host) => expect(isLoopback(new URL(`http://${host}/`))).toBe(false));
});
