/** A small interpreter of classic BPF, as the kernel runs it over `struct seccomp_data`. */

export interface Call {
  nr: number;
  arch: number;
  args?: readonly (number | bigint)[];
}

/** What a filter answers: an action with its data. */
export function runFilter(filter: Buffer, { nr, arch, args = [] }: Call): number {
  const data = Buffer.alloc(64);
  data.writeUInt32LE(nr >>> 0, 0);
  data.writeUInt32LE(arch >>> 0, 4);
  args.forEach((value, index) =>
    data.writeBigUInt64LE(BigInt.asUintN(64, BigInt(value)), 16 + 8 * index),
  );
  let accumulator = 0;
  for (let at = 0; at < filter.length / 8; at++) {
    const code = filter.readUInt16LE(at * 8);
    const [ifTrue, ifFalse] = [filter.readUInt8(at * 8 + 2), filter.readUInt8(at * 8 + 3)];
    const k = filter.readUInt32LE(at * 8 + 4);
    const jump = (condition: boolean): void => void (at += condition ? ifTrue : ifFalse);
    if (code === 0x20) accumulator = data.readUInt32LE(k);
    else if (code === 0x15) jump(accumulator === k);
    else if (code === 0x35) jump(accumulator >= k);
    else if (code === 0x45) jump((accumulator & k) !== 0);
    else if (code === 0x06) return k;
    else throw new Error(`instruction ${at} has the unknown code ${code}`);
  }
  throw new Error('the filter ends without an answer');
}

export const ALLOW = 0x7fff0000;
export const KILL = 0x80000000;
export const errno = (number: number): number => 0x00050000 + number;
