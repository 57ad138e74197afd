/** Kinds whose locations are one text: the name of a table, the ARN of a topic, a URL. */
import type { Connections } from '../../ports/connections.ts'
import type { Sink } from '../../ports/sink.ts'
import { invalidLocation, type Location, type LocationForm } from '../../runtime/locations.ts'
import { type ConnectedKind, registerConnectedKind } from './connected-kind.ts'

/** A location of such a kind. `P`: the property that has the text. */
export type NamedLocation<P extends string> = Location & Readonly<Record<P, string>>

/** What such a kind says of itself. */
export interface NamedKind<P extends string, C> extends Pick<
  ConnectedKind<NamedLocation<P>, C>,
  'name' | 'noun' | 'takes' | 'isLocal' | 'locateUnbound' | 'encode'
> {
  /** The property of its locations that has the text. */
  readonly property: P
  /** How users write its locations. */
  readonly form: Pick<LocationForm, 'shown' | 'example' | 'schemes'> & {
    /** The text of a location. Undefined: it is not one. */
    parse(uri: string, cwd: string): string | undefined
    /** The error for a text that is not one. */
    readonly problem: string
    /** Left out: what `shown` says. */
    readonly allowed?: string
    readonly fix: string
  }
  /** What a deployment stores: an example for messages, and what is allowed besides any text. */
  readonly stored?: { readonly example: string; readonly isValid?: (text: string) => boolean }
  /** What a text stands for, however it is spelled. Default: the text with the path. */
  target?(text: string, path: string): string
  connect(text: string, connections: Connections): Sink<C> | Promise<Sink<C>>
}

/** Registers such a kind. */
export const registerNamedKind = <P extends string, C>(given: NamedKind<P, C>): void => {
  const { name, noun, takes, property, form, stored, isLocal, locateUnbound } = given
  const { shown, example, schemes, problem, allowed = shown, fix } = form
  const located = (text: string): NamedLocation<P> =>
    ({ kind: name, [property]: text }) as NamedLocation<P>
  const { isValid = () => true } = stored ?? {}

  registerConnectedKind<NamedLocation<P>, C>({
    name,
    noun,
    takes,
    form: {
      shown,
      example,
      schemes,
      parse(uri, cwd) {
        const text = form.parse(uri, cwd)
        if (text === undefined) throw invalidLocation(problem, uri, { allowed, fix })
        return located(text)
      },
    },
    ...(isLocal === undefined ? {} : { isLocal }),
    ...(locateUnbound === undefined ? {} : { locateUnbound }),
    ...(stored === undefined
      ? {}
      : {
          stored: {
            form: JSON.stringify(located(stored.example), null, 1).replaceAll(/\s+/g, ' '),
            parse({ [property]: text }) {
              return typeof text === 'string' && text !== '' && isValid(text)
                ? located(text)
                : undefined
            },
          },
        }),
    key: (location) => location[property],
    ...(given.target === undefined
      ? {}
      : { target: (location) => given.target?.(location[property], location.path) ?? '' }),
    connect: (location, connections) => given.connect(location[property], connections),
    encode: (elements, target) => given.encode(elements, target),
  })
}

/** The rest of a URI after its scheme: the name in `sqs:NAME`. */
export const afterScheme = (uri: string): string => uri.replace(/^[a-z]+:/i, '')
