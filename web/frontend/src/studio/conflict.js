// Asks what to do when somebody else saved first, after showing what differs.
import { clock } from './autosave.js';

/** Returns 'mine' or 'theirs'. `differences` are lines in words: what theirs has over mine. */
export function askWhose({ theirs, differences }) {
  const dialog = document.createElement('dialog');
  dialog.className = 'studio-dialog';
  dialog.setAttribute('aria-labelledby', 'studio-dialog-title');
  const list = differences.length
    ? element('ul', { className: 'govuk-list govuk-list--bullet studio-dialog__list' }, differences.map((text) => element('li', {}, [text])))
    : element('p', { className: 'govuk-body' }, ['Both say the same; only the layout of the file differs.']);
  const take = element('button', { type: 'button', className: 'govuk-button govuk-button--secondary' }, ['Take theirs']);
  const keep = element('button', { type: 'button', className: 'govuk-button' }, ['Keep mine']);
  dialog.append(
    element('h2', { className: 'govuk-heading-m', id: 'studio-dialog-title' }, [
      `${theirs.author} saved this file at ${clock(new Date(theirs.saved_at))}`,
    ]),
    element('p', { className: 'govuk-body' }, ['This is how theirs differs from what you have here:']),
    list,
    element('p', { className: 'govuk-body' }, ['Neither is lost: both stay in the draft’s history.']),
    element('div', { className: 'govuk-button-group' }, [keep, take]),
  );
  document.body.append(dialog);
  dialog.showModal();
  return new Promise((decided) => {
    const close = (answer) => {
      dialog.remove();
      decided(answer);
    };
    take.addEventListener('click', () => close('theirs'));
    keep.addEventListener('click', () => close('mine'));
    dialog.addEventListener('cancel', (event) => event.preventDefault()); // it needs an answer
  });
}

/** Lines of `after` that `before` lacks and the other way round, in words. */
export function lineDifferences(before, after, most = 60) {
  const [old, fresh] = [before.split(/\r?\n/), after.split(/\r?\n/)];
  let start = 0;
  while (start < old.length && start < fresh.length && old[start] === fresh[start]) start += 1;
  let [oldEnd, freshEnd] = [old.length, fresh.length];
  while (oldEnd > start && freshEnd > start && old[oldEnd - 1] === fresh[freshEnd - 1]) {
    oldEnd -= 1;
    freshEnd -= 1;
  }
  const gone = old.slice(start, oldEnd).map((line) => line.trim()).filter(Boolean);
  const come = fresh.slice(start, freshEnd).map((line) => line.trim()).filter(Boolean);
  const differences = [
    ...gone.filter((line) => !come.includes(line)).map((line) => `Only yours: ${line}`),
    ...come.filter((line) => !gone.includes(line)).map((line) => `Only theirs: ${line}`),
  ];
  const rest = differences.length - most;
  return rest > 0 ? [...differences.slice(0, most), `and ${rest} more lines`] : differences;
}

function element(name, properties, children) {
  const made = Object.assign(document.createElement(name), properties);
  made.append(...children);
  return made;
}
