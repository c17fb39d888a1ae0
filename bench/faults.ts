/** `npm run faults`: what each wrong answer of a provider ends in, as a table; exits with 1 if any is not as it should be. */
import { endingOf, seededProviders, wrongAnswers } from '../spec/helpers/wrongAnswers.js';

const width = Math.max(...wrongAnswers.map(({ name }) => name.length));
let wrongOnes = 0;

console.log(`${seededProviders.length} providers: ${seededProviders.join(', ')}\n`);
console.log(`${'the answer'.padEnd(width)}   ends in`);
for (const wrong of wrongAnswers) {
  const found = await Promise.all(
    seededProviders.map(async (name) => [name, (await endingOf(name, wrong)).ending]),
  );
  const others = found.filter(([, ending]) => ending !== wrong.ending);
  wrongOnes += others.length;
  const verdict =
    others.length === 0 ? 'everywhere' : `but ${others.map((one) => one.join(': ')).join('; ')}`;
  console.log(`${wrong.name.padEnd(width)}   ${wrong.ending.padEnd(31)} ${verdict}`);
}
console.log(
  `\n${wrongAnswers.length * seededProviders.length - wrongOnes} as they should be, ${wrongOnes} not`,
);
process.exitCode = wrongOnes > 0 ? 1 : 0;
