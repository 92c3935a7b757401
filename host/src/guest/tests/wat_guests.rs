//! Guests in WebAssembly text. [`program`] is what a toolchain would put around `main`: the imports of WASI 0.2 that
//! the tests need, a memory with an allocator that only goes forward, and the export.

/// A `wasi:cli` program whose `main` is the body of a core function, with these functions to call: `$write(pointer,
/// length)` to stdout, `$error` the same to stderr, `$stream() -> handle` of stdout, `$exit(ok or not)`, `$code(exit
/// code)`, `$sleep(nanoseconds) -> pollable`, `$block(pollable)`, `$arguments(pointer)`, `$environment(pointer)`,
/// `$folders(pointer)`, `$tcp(family, pointer)`, `$random(bytes, pointer)`. `$main` returns 0 for success. The first
/// 4096 bytes of memory are its own.
pub(super) fn program(main: &str) -> String {
    format!(
        r#"(component {IMPORTS} {LIBC} {LOWERED}
        (core module $program {CORE_IMPORTS} {main})
        (core instance $program (instantiate $program (with "libc" (instance $libc)) (with "host" (instance $host))))
        (func $run (result (result)) (canon lift (core func $program "run")))
        (instance $cli (export "run" (func $run)))
        (export "wasi:cli/run@0.2.0" (instance $cli)))"#
    )
}

/// The same where `main` is only instructions that leave nothing on the stack.
pub(super) fn main_of(instructions: &str) -> String {
    program(&format!(
        r#"(func (export "run") (result i32) {instructions} (i32.const 0))"#
    ))
}

const IMPORTS: &str = r#"
    (import "wasi:io/error@0.2.0" (instance $error (export "error" (type (sub resource)))))
    (alias export $error "error" (type $error-t))
    (import "wasi:io/poll@0.2.0" (instance $poll
        (export "pollable" (type $p (sub resource)))
        (export "[method]pollable.block" (func (param "self" (borrow $p))))))
    (alias export $poll "pollable" (type $pollable-t))
    (import "wasi:io/streams@0.2.0" (instance $streams
        (alias outer 1 $error-t (type $e))
        (export "output-stream" (type $os (sub resource)))
        (type $failure (variant (case "last-operation-failed" (own $e)) (case "closed")))
        (export "stream-error" (type $stream-error (eq $failure)))
        (export "[method]output-stream.blocking-write-and-flush" (func
            (param "self" (borrow $os)) (param "contents" (list u8)) (result (result (error $stream-error)))))))
    (alias export $streams "output-stream" (type $output-t))
    (import "wasi:cli/stdout@0.2.0" (instance $stdout
        (alias outer 1 $output-t (type $o)) (export "output-stream" (type $os (eq $o)))
        (export "get-stdout" (func (result (own $os))))))
    (import "wasi:cli/stderr@0.2.0" (instance $stderr
        (alias outer 1 $output-t (type $o)) (export "output-stream" (type $os (eq $o)))
        (export "get-stderr" (func (result (own $os))))))
    (import "wasi:cli/exit@0.2.12" (instance $exit
        (export "exit" (func (param "status" (result))))
        (export "exit-with-code" (func (param "status-code" u8)))))
    (import "wasi:clocks/monotonic-clock@0.2.0" (instance $clock
        (alias outer 1 $pollable-t (type $o)) (export "pollable" (type $p (eq $o)))
        (export "subscribe-duration" (func (param "when" u64) (result (own $p))))))
    (import "wasi:cli/environment@0.2.0" (instance $environment
        (export "get-arguments" (func (result (list string))))
        (export "get-environment" (func (result (list (tuple string string)))))))
    (import "wasi:filesystem/types@0.2.0" (instance $files (export "descriptor" (type (sub resource)))))
    (alias export $files "descriptor" (type $descriptor-t))
    (import "wasi:filesystem/preopens@0.2.0" (instance $preopens
        (alias outer 1 $descriptor-t (type $o)) (export "descriptor" (type $d (eq $o)))
        (export "get-directories" (func (result (list (tuple (own $d) string)))))))
    (import "wasi:random/random@0.2.0" (instance $random
        (export "get-random-bytes" (func (param "len" u64) (result (list u8))))))
    (import "wasi:sockets/network@0.2.0" (instance $network
        (type $codes (enum "unknown" "access-denied" "not-supported" "invalid-argument" "out-of-memory" "timeout"
            "concurrency-conflict" "not-in-progress" "would-block" "invalid-state" "new-socket-limit"
            "address-not-bindable" "address-in-use" "remote-unreachable" "connection-refused" "connection-reset"
            "connection-aborted" "datagram-too-large" "name-unresolvable" "temporary-resolver-failure"
            "permanent-resolver-failure"))
        (export "error-code" (type (eq $codes)))
        (type $families (enum "ipv4" "ipv6"))
        (export "ip-address-family" (type (eq $families)))))
    (alias export $network "error-code" (type $code-t))
    (alias export $network "ip-address-family" (type $family-t))
    (import "wasi:sockets/tcp@0.2.0" (instance $tcp (export "tcp-socket" (type (sub resource)))))
    (alias export $tcp "tcp-socket" (type $socket-t))
    (import "wasi:sockets/tcp-create-socket@0.2.0" (instance $tcp-create
        (alias outer 1 $code-t (type $c)) (export "error-code" (type $code (eq $c)))
        (alias outer 1 $family-t (type $f)) (export "ip-address-family" (type $family (eq $f)))
        (alias outer 1 $socket-t (type $s)) (export "tcp-socket" (type $socket (eq $s)))
        (export "create-tcp-socket" (func
            (param "address-family" $family) (result (result (own $socket) (error $code)))))))
"#;

const LIBC: &str = r#"
    (core module $libc
        (memory (export "memory") 4)
        (global $next (mut i32) (i32.const 4096))
        (func (export "realloc") (param i32 i32 i32 i32) (result i32)
            (local $here i32)
            (local.set $here (i32.and (i32.add (global.get $next) (i32.const 7)) (i32.const -8)))
            (global.set $next (i32.add (local.get $here) (local.get 3)))
            (local.get $here)))
    (core instance $libc (instantiate $libc))
    (alias core export $libc "memory" (core memory $memory))
    (alias core export $libc "realloc" (core func $realloc))
"#;

const LOWERED: &str = r#"
    (core func $write (canon lower (func $streams "[method]output-stream.blocking-write-and-flush")
        (memory $memory) (realloc $realloc)))
    (core func $get-stdout (canon lower (func $stdout "get-stdout")))
    (core func $get-stderr (canon lower (func $stderr "get-stderr")))
    (core func $exit (canon lower (func $exit "exit")))
    (core func $code (canon lower (func $exit "exit-with-code")))
    (core func $sleep (canon lower (func $clock "subscribe-duration")))
    (core func $block (canon lower (func $poll "[method]pollable.block")))
    (core func $arguments (canon lower (func $environment "get-arguments") (memory $memory) (realloc $realloc)))
    (core func $environment (canon lower (func $environment "get-environment") (memory $memory) (realloc $realloc)))
    (core func $folders (canon lower (func $preopens "get-directories") (memory $memory) (realloc $realloc)))
    (core func $tcp (canon lower (func $tcp-create "create-tcp-socket") (memory $memory)))
    (core func $random (canon lower (func $random "get-random-bytes") (memory $memory) (realloc $realloc)))
    (core instance $host
        (export "write" (func $write)) (export "get-stdout" (func $get-stdout)) (export "get-stderr" (func $get-stderr))
        (export "exit" (func $exit)) (export "code" (func $code)) (export "sleep" (func $sleep))
        (export "block" (func $block)) (export "arguments" (func $arguments))
        (export "environment" (func $environment)) (export "folders" (func $folders)) (export "tcp" (func $tcp))
        (export "random" (func $random)))
"#;

const CORE_IMPORTS: &str = r#"
    (import "libc" "memory" (memory 1))
    (import "host" "write" (func $to (param i32 i32 i32 i32)))
    (import "host" "get-stdout" (func $stream (result i32)))
    (import "host" "get-stderr" (func $error-stream (result i32)))
    (import "host" "exit" (func $exit (param i32)))
    (import "host" "code" (func $code (param i32)))
    (import "host" "sleep" (func $sleep (param i64) (result i32)))
    (import "host" "block" (func $block (param i32)))
    (import "host" "arguments" (func $arguments (param i32)))
    (import "host" "environment" (func $environment (param i32)))
    (import "host" "folders" (func $folders (param i32)))
    (import "host" "tcp" (func $tcp (param i32 i32)))
    (import "host" "random" (func $random (param i64 i32)))
    (global $stdout (mut i32) (i32.const 0))
    (func $write (param $pointer i32) (param $length i32)
        (if (i32.eqz (global.get $stdout)) (then (global.set $stdout (call $stream))))
        (call $to (global.get $stdout) (local.get $pointer) (local.get $length) (i32.const 4000))
        (if (i32.load8_u (i32.const 4000)) (then unreachable)))
    (func $error (param $pointer i32) (param $length i32)
        (call $to (call $error-stream) (local.get $pointer) (local.get $length) (i32.const 4000)))
"#;
