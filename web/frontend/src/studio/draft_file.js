// One file of a draft on the server. It is saved only over the revision that was loaded, so what
// somebody else saved in between is never written over unseen.

/** Not saved, and why, in words for a person. */
export class NotSaved extends Error {
  constructor(message, { later }) {
    super(message);
    this.later = later; // whether trying again by itself can help
  }
}

/** Somebody else saved first: `theirs` has their revision, source, author and saved_at. */
export class SavedByOthers extends Error {
  constructor(theirs) {
    super('Somebody else has saved this file.');
    this.theirs = theirs;
  }
}

export class DraftFile {
  #token;

  constructor(address, token) {
    this.address = address;
    this.revision = null;
    this.#token = token;
  }

  async load() {
    const answer = await fetch(this.address, { credentials: 'same-origin', cache: 'no-store' });
    if (!answer.ok) throw new Error(`the server answered ${answer.status}`);
    this.revision = answer.headers.get('ETag').replace(/^W\/|"/g, '');
    return answer.text();
  }

  /** Returns the moment at which the server saved it. */
  async save(source) {
    const answer = await this.#send(this.address, 'PUT', source, {
      'Content-Type': 'text/plain; charset=utf-8',
      'If-Match': `"${this.revision}"`,
    });
    const said = await words(answer);
    if (answer.status === 409) throw new SavedByOthers(said);
    if (!answer.ok) throw new NotSaved(said.message ?? sorry(answer.status), { later: answer.status >= 500 });
    this.revision = String(said.revision);
    return new Date(said.saved_at);
  }

  /** Puts a further file into the draft, which must not have it yet. */
  async create(files, path, source) {
    const address = files + path.split('/').map(encodeURIComponent).join('/');
    const answer = await this.#send(address, 'PUT', source, { 'Content-Type': 'text/plain; charset=utf-8', 'If-None-Match': '*' });
    if (answer.ok) return;
    const said = await words(answer);
    throw new NotSaved(said.message ?? sorry(answer.status), { later: false });
  }

  /** Posts JSON to another address of the draft; returns the answer. */
  async ask(address, question, signal) {
    return this.#send(address, 'POST', JSON.stringify(question), { 'Content-Type': 'application/json' }, signal);
  }

  async #send(address, method, body, headers, signal, again = true) {
    let answer;
    try {
      answer = await fetch(address, {
        method,
        body,
        signal,
        headers: { ...headers, Accept: 'application/json', 'X-CSRFToken': this.#token },
        credentials: 'same-origin',
        redirect: 'manual',
      });
    } catch (error) {
      if (error.name === 'AbortError') throw error;
      throw new NotSaved('the service cannot be reached. It is tried again by itself.', { later: true });
    }
    if (answer.type === 'opaqueredirect' || [400, 401].includes(answer.status)) {
      // Signed out, or signed in anew in another tab: then the token of the new session is needed.
      const fresh = await this.#freshToken();
      if (!fresh) {
        throw new NotSaved('you are signed out. Sign in again in another tab; it is tried again by itself.', { later: true });
      }
      if (fresh !== this.#token && again) {
        this.#token = fresh;
        return this.#send(address, method, body, headers, signal, false);
      }
    }
    return answer;
  }

  async #freshToken() {
    const page = await fetch(window.location.href, { credentials: 'same-origin' });
    const place = new DOMParser().parseFromString(await page.text(), 'text/html').querySelector('[data-studio]');
    return place ? JSON.parse(place.dataset.studio).token : null;
  }
}

async function words(answer) {
  try {
    return await answer.json();
  } catch {
    return {};
  }
}

function sorry(status) {
  if (status === 403) return 'you may not change this draft any more.';
  if (status === 413) return 'the file is too large.';
  return `something went wrong in the service (${status}).`;
}
