// What the pages of all editors share: the bar, saving, findings, and what a narrow screen gets.
import './studio.css';
import { Autosave } from './autosave.js';
import { askWhose } from './conflict.js';
import { DraftFile } from './draft_file.js';
import { Findings } from './findings.js';

const WIDE = '(min-width: 60rem)';

/**
 * Opens the editor of this page. `makeEditor(places, settings)` returns an object with
 *   open(source, writable)  shows it; returns what saving would lose, in words
 *   source()                what to save (may be a promise)
 *   differences(a, b)       how b differs from a, in words (may be a promise)
 *   show(findings, drawn)   marks findings; draws the path of `drawn`
 *   choose(finding)         selects and centres its element
 *   history()               {undo, redo}: functions, or null where there is nothing to
 *   changed                 set here: called after each change, and whenever history() may differ
 */
export async function openPage(makeEditor) {
  const page = document.querySelector('[data-studio]');
  const settings = JSON.parse(page.dataset.studio);
  const part = (name) => page.querySelector(`[data-studio-part="${name}"]`);
  const state = part('state');
  const say = (sentence, bad = false) => {
    state.textContent = sentence;
    state.classList.toggle('studio-bar__state--bad', bad);
  };
  const file = new DraftFile(settings.file, settings.token);
  const writable = settings.writable && window.matchMedia(WIDE).matches;
  const editor = makeEditor({ canvas: part('canvas'), properties: part('properties'), say }, settings, file);
  try {
    const source = await file.load();
    const lost = await editor.open(source, writable);
    let editing = writable && !lost.length;
    if (writable && lost.length) await editor.open(source, false);

    const autosave = new Autosave({
      file,
      say,
      read: () => editor.source(),
      decide: async (mine, theirs) => {
        const removed = theirs.source === null;
        const differs = removed ? ['They took the file out of the draft.'] : await editor.differences(mine, theirs.source);
        const chosen = await askWhose({ theirs, differences: differs });
        if (chosen === 'theirs' && removed) window.location.assign(settings.draft);
        else if (chosen === 'theirs') await editor.open(theirs.source, true);
        refresh();
        findings.changed();
        return chosen;
      },
    });
    const findings = new Findings({
      place: part('findings'),
      summary: part('summary'),
      path: settings.path,
      read: () => (editing ? editor.source() : source),
      ask: async (text, signal) => {
        const answer = await file.ask(settings.findings, { path: settings.path, source: text }, signal);
        if (!answer.ok) throw new Error(`the server answered ${answer.status}`);
        return answer.json();
      },
      show: (...found) => editor.show(...found),
      choose: (finding) => editor.choose(finding),
      link: (path) => settings.edit + path.split('/').map(encodeURIComponent).join('/'),
    });
    const refresh = buttons(editor, part('undo'), part('redo'));
    editor.changed = () => {
      if (!editing) return;
      refresh();
      autosave.changed();
      findings.changed();
    };
    say(editing ? 'All changes are saved' : 'Reading only');
    if (writable) stay(autosave);
    if (writable && lost.length) {
      agree(part('notice'), lost, async () => {
        await editor.open(source, true);
        editing = true;
        say('All changes are saved');
      });
    }
    findings.refresh();
    page.dataset.studioState = 'ready';
    return { file, editor, settings, autosave };
  } catch (error) {
    console.error(error);
    say('');
    part('canvas').replaceChildren(notice('This file could not be opened here. Download it from the draft’s page, mend it in another editor and import it again.'));
    page.dataset.studioState = 'failed';
    return null;
  }
}

function buttons(editor, undo, redo) {
  const refresh = () => {
    const history = editor.history();
    undo.disabled = !history.undo;
    redo.disabled = !history.redo;
  };
  undo.addEventListener('click', () => editor.history().undo?.());
  redo.addEventListener('click', () => editor.history().redo?.());
  refresh();
  return refresh;
}

// Nobody leaves with unsaved work: links wait until it is saved, everything else is warned about.
function stay(autosave) {
  window.addEventListener('beforeunload', (event) => {
    if (autosave.unsaved) event.preventDefault();
  });
  document.addEventListener('visibilitychange', () => {
    if (document.visibilityState === 'hidden') autosave.now();
  });
  document.addEventListener('click', async (event) => {
    const link = event.target.closest?.('a[href]');
    if (!link || link.target || event.defaultPrevented || event.ctrlKey || event.metaKey || !autosave.unsaved) return;
    event.preventDefault();
    await autosave.now();
    window.location.assign(link.href);
  });
}

// Some files have parts that the editor cannot keep: that is said before anything is lost.
function agree(place, lost, agreed) {
  const list = document.createElement('ul');
  list.append(...lost.map((text) => Object.assign(document.createElement('li'), { textContent: text })));
  const go = Object.assign(document.createElement('button'), {
    type: 'button',
    className: 'govuk-button govuk-button--warning govuk-!-margin-bottom-0',
    textContent: 'Edit all the same',
  });
  place.replaceChildren(
    notice('This file has parts that this editor does not know. Saving here would lose them, so it is shown for reading only:'),
    list,
    go,
  );
  place.hidden = false;
  go.addEventListener('click', () => {
    place.hidden = true;
    agreed();
  });
}

function notice(text) {
  return Object.assign(document.createElement('p'), { className: 'govuk-body', textContent: text });
}
