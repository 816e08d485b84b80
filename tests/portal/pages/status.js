/** The line that says what is going on, and the words for what went wrong. */

export const language = document.documentElement.lang;

const texts = await fetch(`/assets/texts.${language}.json`).then((answer) => answer.json());

const line = document.getElementById('status');

/** Shows nothing. */
export function clear() {
  show('idle');
}

/** Says what is being waited for: a key of `progress` in the texts. */
export function working(key) {
  show('working', texts.progress[key]);
}

/** Says what has been done: a key of `done` in the texts. */
export function done(key) {
  show('done', texts.done[key]);
}

/** Says what happened and what to do now, with the code in small print. */
export function failed(error) {
  const code = error.code ?? 'internal';
  const { situation, advice } = texts.problems[code] ?? texts.problems.other;
  show('error', situation, advice, code);
  line.scrollIntoView({ block: 'nearest' });
}

function show(state, situation, advice, code) {
  line.dataset.state = state;
  if (code === undefined) delete line.dataset.code;
  else line.dataset.code = code;
  line.replaceChildren(
    ...[['situation', situation], ['advice', advice], ['code', code]]
      .filter(([, text]) => text !== undefined)
      .map(([name, text]) => paragraph(name, text)),
  );
}

function paragraph(name, text) {
  const element = document.createElement('p');
  element.className = name;
  element.textContent = text;
  return element;
}
