/** What a batch took: from which sources, lanes and files. */
import type { AttemptAnswer, SourceAnswer } from './answers.ts'
import { emptyNote, html, section, table } from './dom.ts'
import { bytesText, countOf, countText, durationText } from './words.ts'

/** What an attempt took, by source. */
export const sourcesPart = ({ sources = [], records }: AttemptAnswer): HTMLElement => {
  if (sources.length === 0)
    return section(
      'What it took',
      emptyNote(
        records === 0 ? 'It had no new records.' : 'The history does not say from which source.',
      ),
    )
  const isIdle = (one: SourceAnswer): boolean =>
    one.records + one.bytes + one.objects === 0 && one.waiting === undefined
  const idle = sources.filter(isIdle).map(({ id }) => id)
  return section(
    'What it took',
    ...sources.filter((source) => !isIdle(source)).map(sourcePart),
    idle.length > 0 &&
      html(
        'details',
        { class: 'figures' },
        html('summary', {}, `${countOf(idle.length, 'source')} had nothing new`),
        html('ul', { class: 'names' }, ...idle.map((id) => html('li', {}, html('code', {}, id)))),
      ),
  )
}

const amounts = ({
  records,
  bytes,
  objects,
}: Pick<SourceAnswer, 'records' | 'bytes' | 'objects'>): string =>
  [
    ...(objects > 0 ? [countOf(objects, 'file')] : []),
    ...(records > 0 || objects === 0 ? [countOf(records, 'record')] : []),
    ...(bytes > 0 ? [bytesText(bytes)] : []),
  ].join(', ')

const sourcePart = (source: SourceAnswer): HTMLElement => {
  const { id, lanes = [], names = [], waiting, appends } = source
  const from = appends === undefined ? '' : `, in ${countOf(appends, 'delivery', 'deliveries')}`
  const rest = waiting === undefined ? '' : `. ${amounts(waiting)} waited for later batches`
  return html(
    'div',
    { class: 'source' },
    html('h3', {}, html('code', {}, id)),
    html('p', { class: 'about' }, `${amounts(source)}${from}${rest}.`),
    lanes.length > 0 &&
      table(
        `Lanes of ${id}`,
        [
          { title: 'Lane' },
          { title: 'First position' },
          { title: 'Last position' },
          { title: 'Records', isNumber: true },
          { title: 'Age of the oldest', isNumber: true },
        ],
        lanes.map(({ lane, first, last, records, lagMs }) => [
          html('code', {}, lane),
          html('code', {}, first),
          html('code', {}, last),
          countText(records),
          lagMs === undefined ? '–' : durationText(lagMs),
        ]),
      ),
    names.length > 0 &&
      html(
        'ul',
        { class: 'names' },
        ...names.map((name) => html('li', {}, html('code', {}, name))),
      ),
  )
}
