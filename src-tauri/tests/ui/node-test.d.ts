// The little of Node's own test runner that the tests use; its types would be another package.

declare function setImmediate(callback: () => void): void;

declare module "node:test" {
  interface Context {
    after(fn: () => void): void;
  }
  type Run = (context: Context) => void | Promise<void>;
  export function test(name: string, run: Run): void;
  export function describe(name: string, run: () => void): void;
  export function beforeEach(run: () => void): void;
  export default test;
}

declare module "node:assert/strict" {
  function assert(value: unknown, message?: string): asserts value;
  namespace assert {
    function ok(value: unknown, message?: string): asserts value;
    function equal<T>(actual: unknown, expected: T, message?: string): asserts actual is T;
    function notEqual(actual: unknown, expected: unknown, message?: string): void;
    function deepEqual(actual: unknown, expected: unknown, message?: string): void;
    function match(actual: string, expected: RegExp, message?: string): void;
    function throws(run: () => unknown, expected?: object | RegExp, message?: string): void;
    function rejects(run: Promise<unknown> | (() => Promise<unknown>), expected?: object | RegExp, message?: string): Promise<void>;
    function doesNotThrow(run: () => unknown): void;
    function fail(message: string): never;
  }
  export default assert;
}
