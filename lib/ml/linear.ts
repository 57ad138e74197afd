/** Sums over vectors, in the order of their coordinates. */
import type { Vector } from './checks.ts'

export const dot = (a: Vector, b: Vector): number => {
  let sum = 0
  for (let i = 0; i < a.length; i++) sum += (a[i] as number) * (b[i] as number)
  return sum
}

export const squaredDistance = (a: Vector, b: Vector): number => {
  let sum = 0
  for (let i = 0; i < a.length; i++) {
    const difference = (a[i] as number) - (b[i] as number)
    sum += difference * difference
  }
  return sum
}

/** Adds `factor * vector` to `target`, in place. */
export const addScaled = (target: number[], factor: number, vector: Vector): void => {
  for (let i = 0; i < target.length; i++)
    target[i] = (target[i] as number) + factor * (vector[i] as number)
}

/** Multiplies a vector, in place. */
export const scale = (target: number[], factor: number): void => {
  for (let i = 0; i < target.length; i++) target[i] = (target[i] as number) * factor
}

export const norm = (vector: Vector): number => Math.sqrt(dot(vector, vector))
