// Fields in the look of the design system, for a panel that is drawn anew whenever its element changes.
import { html } from 'htm/preact';
import { useEffect, useRef, useState } from 'preact/hooks';

const PAUSE = 500;

let last = 0;
const useId = () => useRef(`studio-field-${(last += 1)}`).current;

function Label({ id, label, hint, error, children }) {
  return html`
    <div class=${`govuk-form-group studio-field${error ? ' govuk-form-group--error' : ''}`}>
      <label class="govuk-label govuk-!-font-weight-bold" for=${id}>${label}</label>
      ${hint && html`<div class="govuk-hint" id=${`${id}-hint`}>${hint}</div>`}
      ${error && html`<p class="govuk-error-message" id=${`${id}-error`}><span class="govuk-visually-hidden">Error:</span> ${error}</p>`}
      ${children}
    </div>`;
}

function describedBy(id, hint, error) {
  return [hint && `${id}-hint`, error && `${id}-error`].filter(Boolean).join(' ') || undefined;
}

/** Text that is taken over half a second after the last key, or on leaving the field.
 * `check` returns what is wrong with a text, and then it is not taken over; `suggestions` are
 * {id, words} that may be chosen instead of typing. */
export function TextField({ label, hint, value, onTake, rows, code, check, suggestions }) {
  const id = useId();
  const [text, setText] = useState(value);
  const [error, setError] = useState('');
  const waiting = useRef(null);
  const written = useRef(null);
  const taking = useRef(onTake);
  taking.current = onTake;
  useEffect(() => {
    if (waiting.current === null) setText(value);
  }, [value]);
  const take = () => {
    clearTimeout(waiting.current);
    if (waiting.current === null) return;
    waiting.current = null;
    const wrong = check?.(written.current) ?? '';
    setError(wrong);
    if (!wrong) taking.current(written.current);
  };
  useEffect(() => take, []);
  const type = (event) => {
    written.current = event.target.value;
    setText(written.current);
    clearTimeout(waiting.current);
    waiting.current = setTimeout(take, PAUSE);
  };
  const properties = {
    id, value: text, onInput: type, onBlur: take, spellcheck: !code,
    'aria-describedby': describedBy(id, hint, error),
  };
  const look = code ? ' studio-field__code' : '';
  return html`<${Label} ...${{ id, label, hint, error }}>
    ${rows
      ? html`<textarea class=${`govuk-textarea${look}`} rows=${rows} ...${properties}></textarea>`
      : html`<input class=${`govuk-input${look}`} type="text" autocomplete="off" list=${suggestions && `${id}-list`} ...${properties} />`}
    ${suggestions && html`<datalist id=${`${id}-list`}>
      ${suggestions.map((each) => html`<option value=${each.id} label=${each.words} key=${each.id}></option>`)}
    </datalist>`}
  <//>`;
}

/** One of `options` ({id, words}); a value that is none of them is kept and says so. */
export function ChoiceField({ label, hint, value, options, onTake, none = 'None' }) {
  const id = useId();
  const known = !value || options.some((option) => option.id === value);
  return html`<${Label} ...${{ id, label, hint }}>
    <select class="govuk-select" id=${id} aria-describedby=${describedBy(id, hint)} value=${value}
      onChange=${(event) => onTake(event.target.value)}>
      <option value="">${none}</option>
      ${!known && html`<option value=${value}>${value} (does not exist)</option>`}
      ${options.map((option) => html`<option value=${option.id} key=${option.id}>${option.words}</option>`)}
    </select>
  <//>`;
}

/** Any of `options`, as ids; those chosen are listed, each with a button that takes it out again. */
export function SeveralField({ label, hint, value, options, onTake }) {
  const id = useId();
  const select = useRef(null);
  const words = (each) => options.find((option) => option.id === each)?.words ?? `${each} (does not exist)`;
  const add = () => {
    if (select.current.value) onTake([...value, select.current.value]);
    select.current.value = '';
  };
  return html`<${Label} ...${{ id, label, hint }}>
    <ul class="govuk-list studio-chosen">
      ${value.map((each) => html`<li key=${each} class="studio-chosen__item">
        <span>${words(each)}</span>
        <button type="button" class="studio-link" onClick=${() => onTake(value.filter((other) => other !== each))}>
          Remove<span class="govuk-visually-hidden"> ${each}</span>
        </button>
      </li>`)}
    </ul>
    <div class="studio-add">
      <select class="govuk-select" id=${id} ref=${select} aria-describedby=${describedBy(id, hint)}>
        <option value="">Choose…</option>
        ${options.filter((option) => !value.includes(option.id)).map((option) => html`<option value=${option.id} key=${option.id}>${option.words}</option>`)}
      </select>
      <button type="button" class="govuk-button govuk-button--secondary govuk-!-margin-bottom-0" onClick=${add}>Add</button>
    </div>
  <//>`;
}

export function CheckField({ label, hint, value, onTake }) {
  const id = useId();
  return html`<div class="govuk-form-group studio-field">
    <div class="govuk-checkboxes govuk-checkboxes--small">
      <div class="govuk-checkboxes__item">
        <input class="govuk-checkboxes__input" type="checkbox" id=${id} checked=${value}
          aria-describedby=${describedBy(id, hint)} onChange=${(event) => onTake(event.target.checked)} />
        <label class="govuk-label govuk-checkboxes__label" for=${id}>${label}</label>
        ${hint && html`<div class="govuk-hint govuk-checkboxes__hint" id=${`${id}-hint`}>${hint}</div>`}
      </div>
    </div>
  </div>`;
}
