// Remembers settings of this browser: the language, the colors, and the API key. They never leave it.

/** Returns what was saved under a name; null if nothing was, or if the browser keeps nothing. */
export function recall(name) {
  try {
    return localStorage.getItem(`foreword.${name}`);
  } catch {
    return null;
  }
}

/** Saves a text under a name; null removes it. */
export function remember(name, value) {
  try {
    if (value === null) localStorage.removeItem(`foreword.${name}`);
    else localStorage.setItem(`foreword.${name}`, value);
  } catch {
    // The browser keeps nothing. The setting then ends with the page.
  }
}
