// The list of findings beside a canvas: asked for after each change, in words, leading to its element.
const PAUSE = 400;
const QUIET = 2500; // the rules of the whole model take seconds to prove: not at every key

export class Findings {
  #timer = null;
  #asking = null;
  #list = document.createElement('ol');
  #chosen = null;

  /**
   * `ask` takes the source and a signal; it returns {findings, complete}, and is asked again until
   * that is complete. `show` draws all findings; `choose` leads to one of them; `link` gives the
   * address of another file's editor.
   */
  constructor({ place, summary, read, ask, path, show, choose, link }) {
    Object.assign(this, { summary, read, ask, path, show, choose, link });
    this.#list.className = 'studio-findings__list';
    place.append(this.#list);
  }

  changed() {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.refresh(), PAUSE);
  }

  async refresh() {
    this.#asking?.abort();
    const asking = new AbortController();
    this.#asking = asking;
    clearTimeout(this.#timer);
    try {
      const source = await this.read();
      for (let complete = false; !complete;) {
        const answer = await this.ask(source, asking.signal);
        if (asking.signal.aborted) return;
        this.#render(answer.findings, answer.complete);
        complete = answer.complete;
        if (!complete) await new Promise((go) => setTimeout(go, QUIET));
        if (asking.signal.aborted) return;
      }
    } catch (error) {
      if (error.name === 'AbortError') return;
      console.error(error);
      this.#say('The checks could not be run. They run again with your next change.');
    }
  }

  #say(text) {
    if (this.summary.textContent !== text) this.summary.textContent = text;
  }

  #render(findings, complete) {
    const errors = findings.filter(({ severity }) => severity === 'error').length;
    const found = [counted(errors, 'error'), counted(findings.length - errors, 'warning')].filter(Boolean);
    this.#say((found.join(', ') || 'Nothing found') + (complete ? '' : '; the rules of the model are still being checked'));
    const focused = this.#list.contains(document.activeElement) ? document.activeElement.dataset.key : null;
    this.#list.replaceChildren(...findings.map((finding) => this.#entry(finding)));
    if (focused) [...this.#list.querySelectorAll('[data-key]')].find((each) => each.dataset.key === focused)?.focus();
    const here = findings.filter(({ file }) => file === this.path);
    const chosen = here.find((finding) => key(finding) === this.#chosen);
    this.show(here, chosen ?? here.find(({ path }) => path?.length));
  }

  #entry(finding) {
    const entry = document.createElement('li');
    const elsewhere = finding.file && finding.file !== this.path;
    const lead = document.createElement(elsewhere ? 'a' : 'button');
    lead.className = `studio-finding studio-finding--${finding.severity}`;
    lead.dataset.key = key(finding);
    if (elsewhere) lead.href = this.link(finding.file);
    else lead.type = 'button';
    const kind = document.createElement('strong');
    kind.textContent = finding.severity === 'error' ? 'Error: ' : 'Warning: ';
    lead.append(kind, finding.words, ...(elsewhere ? [` (in ${finding.file})`] : []));
    if (!elsewhere) {
      lead.addEventListener('click', () => {
        this.#chosen = key(finding);
        this.choose(finding);
      });
    }
    entry.append(lead);
    return entry;
  }
}

const key = ({ file, element, words }) => `${file} ${element} ${words}`;

function counted(number, noun) {
  return number ? `${number} ${noun}${number === 1 ? '' : 's'}` : '';
}
