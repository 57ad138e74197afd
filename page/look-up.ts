/** Looks up the state of a key. It is asked for only when somebody presses the button. */
import type { KeyAnswer } from './answers.ts'
import { errorBox, facts, html, section } from './dom.ts'
import { ask } from './live.ts'
import { countOf, timeText } from './words.ts'

/** A form that looks up keys, and which states there are. */
export interface LookUp {
  readonly element: HTMLElement
  /** Shows which states have keys. Without any, there is no form. */
  readonly setStates: (ids: readonly string[]) => void
}

const answerPart = (answer: KeyAnswer): readonly HTMLElement[] => {
  const { state, key, value, cut, partition, partitions, batchMs, hint } = answer
  const { touchedMs, timerMs, expiresMs } = answer
  const times: readonly (readonly [string, number | undefined])[] = [
    ['Last record', touchedMs],
    ['Timer due', timerMs],
    ['Ends, without a record', expiresMs],
  ]
  return [
    html(
      'p',
      { class: 'about' },
      value === undefined ? 'No state in ' : 'The state in ',
      html('code', {}, state),
      ' of the key ',
      html('code', {}, key),
      `, after the batch of ${timeText(batchMs)}.`,
      hint === undefined ? '' : ` ${hint}`,
    ),
    ...(value === undefined ? [] : [html('pre', { class: 'value' }, value)]),
    ...(cut === undefined
      ? []
      : [html('p', { class: 'about' }, `${countOf(cut, 'more character')} left out.`)]),
    facts([
      ['Partition', `${partition} of ${partitions}`],
      ...times.flatMap(([name, ms]): readonly [string, string][] =>
        ms === undefined ? [] : [[name, timeText(ms)]],
      ),
    ]),
  ]
}

/** Makes the form. */
export const lookUpForm = (): LookUp => {
  const choice = html('select', { 'aria-label': 'State' })
  const key = html('input', {
    'aria-label': 'Key: text, or JSON',
    placeholder: 'key: text, or JSON',
    autocomplete: 'off',
    spellcheck: 'false',
    required: true,
  })
  const button = html('button', {}, 'Look up')
  const answer = html('div', { 'aria-live': 'polite' })
  const form = html('form', { class: 'look-up' }, choice, key, button)
  const element = section('Look up a key', form, answer)
  element.hidden = true
  let asked = 0
  form.addEventListener('submit', (event) => {
    event.preventDefault()
    const turn = ++asked
    button.disabled = true
    const query = new URLSearchParams({ state: choice.value, key: key.value })
    const shown = (parts: readonly HTMLElement[]): void => {
      // Only the last question is answered.
      if (turn !== asked) return
      button.disabled = false
      answer.replaceChildren(...parts)
    }
    ask<KeyAnswer>(`/api/state?${query}`).then(
      (found) => shown(answerPart(found)),
      (error: unknown) => shown([errorBox(error)]),
    )
  })
  let known = ''
  const setStates = (ids: readonly string[]): void => {
    element.hidden = ids.length === 0
    if (ids.join('\n') === known) return
    known = ids.join('\n')
    const chosen = choice.value
    choice.replaceChildren(
      ...ids.map((id) => html('option', { value: id, selected: id === chosen }, id)),
    )
  }
  return { element, setStates }
}
