/** RDDs for the tables of this folder. */
import { parallelize, type RDD } from 'millrace'

/** An RDD of elements in this number of partitions. */
export const of = <T>(elements: readonly T[], partitions: number): RDD<T> =>
  parallelize(elements, { partitions })

/** Pairs of a letter and a number; one letter occurs twice. */
export const inPairs = (partitions: number): RDD<[string, number]> =>
  of<[string, number]>(
    [
      ['b', 3],
      ['a', 1],
      ['a', 2],
    ],
    partitions,
  )

/** Pairs to join with {@link inPairs}: one key is in both, one only here. */
export const others = (partitions: number): RDD<[string, string]> =>
  of<[string, string]>(
    [
      ['a', 'x'],
      ['c', 'y'],
    ],
    partitions,
  )
