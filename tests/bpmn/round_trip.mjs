// Opens each BPMN diagram given on stdin (a JSON list of texts) and saves it again, as bpmn.io's and
// Camunda's modellers do; writes the list of {xml, warnings} to stdout.
import { BpmnModdle } from 'bpmn-moddle';

let input = '';
for await (const part of process.stdin) input += part;

const saved = [];
for (const text of JSON.parse(input)) {
  const moddle = new BpmnModdle();
  const { rootElement, warnings } = await moddle.fromXML(text);
  const { xml } = await moddle.toXML(rootElement, { format: true });
  saved.push({ xml, warnings: warnings.map((warning) => warning.message) });
}
process.stdout.write(JSON.stringify(saved));
