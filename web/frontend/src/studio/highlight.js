// Marks parts of an editor that draws itself anew whenever it likes: by rules, not by classes.
const sheet = new CSSStyleSheet();
document.adoptedStyleSheets = [...document.adoptedStyleSheets, sheet];

/** Marks `findings`, each at the selector that `place` gives for it, if any. */
export function highlight(findings, place) {
  const rules = findings.map((finding) => {
    const selector = place(finding);
    const colour = finding.severity === 'error' ? '#d4351c' : '#f47738';
    return selector ? `${selector} { box-shadow: inset 0 0 0 2px ${colour}; }` : '';
  });
  sheet.replaceSync(rules.join('\n'));
}

/** A selector for elements whose attribute `name` is `value`. */
export function having(name, value) {
  return `[${name}="${CSS.escape(value)}"]`;
}
