import {
  connect,
  ignoreElements,
  lastValueFrom,
  merge,
  type Observable,
  scan,
  startWith,
  takeLast,
  tap,
} from 'rxjs';
import { demo } from './demo.js';
import { endRequests } from './endRequests.js';
import { liveDiagram } from './liveDiagram.js';
import { marbleDiagram, type Size } from './marbleDiagram.js';
import { type Options, readOptions, USAGE, UsageError } from './options.js';
import { blankPicture, developed, type Picture } from './picture.js';
import { plainLines } from './plainLines.js';
import { sizeOf } from './screen.js';
import { textOf } from './styledText.js';
import { faults, summary } from './summary.js';
import { glyphsFor, hasColour, isScreen } from './terminal.js';

const { env, stdout } = process;
const print = (line: string) => void stdout.write(`${line}\n`);

try {
  const options = readOptions(process.argv.slice(2));
  process.exitCode = options.help ? (print(USAGE), 0) : await run(options);
} catch (error) {
  process.exitCode = error instanceof UsageError ? 2 : 1;
  console.error(`rx-token demo: ${error instanceof UsageError ? error.message : String(error)}`);
}

/** Shows a run, and says how it went. */
async function run(options: Options): Promise<number> {
  const onScreen = isScreen(stdout, env);
  const drawn = (picture: Picture, now: number, size: Size) =>
    marbleDiagram(picture, now, size, glyphsFor(env), options).map((line) => textOf(line, hasColour(env)));

  const blank = blankPicture(options.processes);
  const picture = await lastValueFrom(
    demo(options, endRequests()).pipe(
      connect((happening$) => {
        const picture$ = happening$.pipe(scan(developed, blank), startWith(blank));
        const view$: Observable<never> = onScreen
          ? liveDiagram(picture$, stdout, drawn)
          : plainLines(happening$, picture$).pipe(tap(print), ignoreElements());
        return merge(picture$.pipe(takeLast(1)), view$);
      }),
    ),
  );
  const now = Date.now();
  if (onScreen) drawn(picture, now, { ...sizeOf(stdout), rows: Infinity }).forEach(print);
  summary(picture, now).forEach(print);
  return faults(picture).length === 0 ? 0 : 1;
}
