import { describe, expect, it } from '@jest/globals';
import type { Fault } from 'rx-token/testing';
import { diaryOf } from '../helpers/diary.js';
import { hours, minutes, seconds } from '../helpers/inVirtualTime.js';
import { A, R, scenario } from '../helpers/scenario.js';
import { storedIn } from '../helpers/stored.js';

const due = minutes(59);
type Row = [what: string, fault: Fault, code: string];

const answers: Row[] = [
  [
    '200 { error: "bad_refresh_token" }',
    { status: 200, body: { error: 'bad_refresh_token' } },
    'refresh_unavailable',
  ],
  [
    '200 without an access token',
    { body: (sent: object) => ({ ...sent, access_token: undefined }), commits: false },
    'refresh_unavailable',
  ],
  [
    '200 with a blank access token',
    { body: { access_token: '', refresh_token: R(9) } },
    'refresh_unavailable',
  ],
  [
    '200 HTML (a captive portal)',
    { status: 200, body: '<html>Welcome to the hotel</html>' },
    'refresh_unavailable',
  ],
  ['200 with nothing', { status: 200, body: '' }, 'refresh_unavailable'],
  ['400 with nothing', { status: 400, body: '' }, 'refresh_unavailable'],
  ['400 invalid_grant', { status: 400, body: { error: 'invalid_grant' } }, 'refresh_rejected'],
  ['401 invalid_client', { status: 401, body: { error: 'invalid_client' } }, 'configuration'],
  ['403 HTML (a firewall)', { status: 403, body: '<html>Blocked</html>' }, 'refresh_unavailable'],
  ['500 with invalid_grant', { status: 500, body: { error: 'invalid_grant' } }, 'refresh_unavailable'],
  ['502 HTML', { status: 502, body: '<html>Bad gateway</html>' }, 'refresh_unavailable'],
  [
    '302',
    { status: 302, headers: { location: 'https://elsewhere.example' }, body: '' },
    'refresh_unavailable',
  ],
];

describe('S13: strange token responses', () => {
  it.each(answers)('%s', (_what, fault, code) =>
    scenario(
      ({ manager, server, store, scheduler, ask, at }) => {
        server.faults.next(fault);
        const errors = diaryOf(manager.events$, scheduler, (event) =>
          'error' in event ? event.error.code : undefined,
        );
        manager.token$.subscribe();
        at(due + seconds(1), () => ask(manager.validToken$));
        at(hours(1) - 1, () => {
          expect(errors.filter(([, error]) => error).map(([, error]) => error)).toEqual([code]);
          const stored = JSON.stringify(storedIn(store));
          expect(stored).toContain(code === 'refresh_rejected' || code === 'configuration' ? A(1) : 'canary');
          expect(stored).not.toMatch(/error|html/);
        });
      },
      {
        manager: { retry: () => minutes(5), provider: 'auth0' },
        judge: { presentedAtMost: 2, revoked: false },
        untilMs: hours(1),
      },
    )(),
  );

  it.each([
    [
      '400 invalid_request "token revoked"',
      { status: 400, body: { error: 'invalid_request', error_description: 'token revoked' } },
    ],
    ['200 bad_refresh_token', { status: 200, body: { error: 'bad_refresh_token' } }],
  ] as [string, Fault][])('%s is terminal only where the profile says so', (_what, fault) =>
    scenario(
      ({ manager, another, server, at, scheduler }) => {
        server.faults.always(fault);
        const code = (fault.body as { error: string }).error;
        const states = [
          diaryOf(manager.state$, scheduler, ({ status }) => status),
          diaryOf(
            another({ provider: { name: 'mine', reuse: 'strict', terminalErrors: [code] } }).state$,
            scheduler,
            ({ status }) => status,
          ),
        ];
        manager.token$.subscribe();
        at(due + seconds(5), () =>
          expect(states[0]!.map(([, status]) => status)).not.toContain('reauthentication-required'),
        );
      },
      { untilMs: due + seconds(6), judge: { presentedAtMost: 20 } },
    )(),
  );
});
