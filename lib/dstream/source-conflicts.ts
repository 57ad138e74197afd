/** Sources of a plan that do not fit what is stored of sources. */

/**
 * Finds sources that would go on under a wrong id. What a source has taken is known by its id: the
 * records in its lanes, its offsets and its ledger.
 *
 * - Two sources have swapped names. Waiting records of one would be processed as records of the
 *   other.
 * - A source has another id. It would begin anew, and take records twice or not at all.
 *
 * If no other source has the old name now, the source only has a new name or a new location, and
 * that is allowed.
 */
export const inputConflicts = (
  stored: Readonly<Record<string, string>>,
  current: Readonly<Record<string, string>>,
): readonly string[] =>
  Object.entries(stored).flatMap(([id, name]) => {
    const now = current[id]
    const others = Object.keys(current).filter((one) => current[one] === name)
    if (now === undefined) {
      const fresh = others.find((one) => stored[one] === undefined)
      if (fresh === undefined) return []
      return [
        `the source "${fresh}" reads "${name}", which the source "${id}" has read so far: ` +
          `under another name it would begin anew`,
      ]
    }
    const [other] = others
    if (now === name || other === undefined) return []
    return [
      `the source "${id}" read "${name}" and reads "${now}" now, and "${name}" is now the input ` +
        `of the source "${other}"`,
    ]
  })

/** Finds sources whose waiting records would be taken for elements of another type. */
export const elementConflicts = (
  stored: Readonly<Record<string, string>>,
  current: Readonly<Record<string, string>>,
): readonly string[] =>
  Object.entries(stored).flatMap(([id, type]) => {
    const now = current[id]
    if (now === undefined || now === type) return []
    return [`the source "${id}" has given ${type} so far, and gives ${now} now`]
  })
