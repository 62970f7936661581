// Saves what is drawn a second after the last change, and says so in words.
import { NotSaved, SavedByOthers } from './draft_file.js';

const PAUSE = 1000;
const TRY_AGAIN = 10000;

export class Autosave {
  #timer = null;
  #running = null;
  #changes = 0;
  #saved = 0;
  #held = false;

  /**
   * `read` gives the source as it is now; `say` shows a sentence, with true where it is bad news;
   * `decide` is asked when somebody else saved first, and returns 'mine' or 'theirs'.
   */
  constructor({ file, read, say, decide }) {
    this.file = file;
    this.read = read;
    this.say = say;
    this.decide = decide;
  }

  get unsaved() {
    return this.#changes !== this.#saved;
  }

  changed() {
    this.#changes += 1;
    if (this.#held) return;
    this.say('Not saved yet');
    this.#later(PAUSE);
  }

  /** What is on the page is what the server has. */
  settled(sentence) {
    this.#saved = this.#changes;
    clearTimeout(this.#timer);
    this.say(sentence);
  }

  /** Saves at once what is not saved; true once all of it is. */
  async now() {
    clearTimeout(this.#timer);
    if (this.#held) return false;
    while (this.#running) await this.#running;
    if (this.unsaved) {
      this.#running = this.#save();
      await this.#running;
    }
    return !this.unsaved;
  }

  #later(pause) {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.now(), pause);
  }

  async #save() {
    const upTo = this.#changes;
    this.say('Saving…');
    try {
      const source = await this.read();
      try {
        this.#done(upTo, await this.file.save(source));
      } catch (error) {
        if (!(error instanceof SavedByOthers)) throw error;
        this.#held = true;
        this.say('Not saved: somebody else has saved this file.', true);
        await this.#resolve(source, error.theirs);
      }
    } catch (error) {
      const known = error instanceof NotSaved;
      if (!known) console.error(error);
      this.say(`Not saved: ${known ? error.message : 'it could not be written down. Undo the last change.'}`, true);
      if (known && error.later) this.#later(TRY_AGAIN);
    } finally {
      this.#held = false;
      this.#running = null;
    }
  }

  async #resolve(mine, theirs) {
    const chosen = await this.decide(mine, theirs);
    const upTo = this.#changes;
    this.file.revision = String(theirs.revision);
    if (chosen === 'mine') this.#done(upTo, await this.file.save(await this.read()));
    else this.settled(`Took what ${theirs.author} saved`);
  }

  #done(upTo, moment) {
    this.#saved = upTo;
    if (this.unsaved) this.#later(PAUSE);
    else this.say(`Saved at ${clock(moment)}`);
  }
}

export function clock(moment) {
  return moment.toLocaleTimeString('en-GB', { hour: '2-digit', minute: '2-digit', timeZone: 'Europe/London' });
}
