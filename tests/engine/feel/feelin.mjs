// Evaluates the expressions that come in line by line, as JSON, and answers each with its value.
import { createInterface } from 'node:readline';
import { createRequire } from 'node:module';
import { pathToFileURL } from 'node:url';

const require = createRequire(process.argv[2] + '/');
const { evaluate } = await import(pathToFileURL(require.resolve('@bpmn-io/feelin')));

for await (const line of createInterface({ input: process.stdin })) {
  let answer;
  try {
    const { value } = evaluate(JSON.parse(line), {});
    answer = { value: value === undefined ? null : value };
  } catch (error) {
    answer = { error: String(error.message).slice(0, 200) };
  }
  process.stdout.write(JSON.stringify(answer) + '\n');
}
