//! Calls of the executable.

use std::ffi::OsStr;
use std::io::Write;
use std::path::Path;
use std::process::{Child, Command, Stdio};

/// How a call came out.
pub(crate) struct Ran {
    pub(crate) status: Option<i32>,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

/// `naosu` with nothing of the surrounding environment that could change what it does.
pub(crate) fn command() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_naosu"));
    command.env_clear().env("LANG", "C.UTF-8");
    for kept in ["PATH", "SystemRoot", "TMPDIR", "LLVM_PROFILE_FILE"] {
        if let Some(value) = std::env::var_os(kept) {
            command.env(kept, value);
        }
    }
    command
}

/// Calls it.
pub(crate) fn naosu<S: AsRef<OsStr>>(arguments: impl IntoIterator<Item = S>) -> Ran {
    naosu_with_input(arguments, "")
}

/// The same with something on standard input.
pub(crate) fn naosu_with_input<S: AsRef<OsStr>>(arguments: impl IntoIterator<Item = S>, input: &str) -> Ran {
    let mut command = command();
    command.args(arguments);
    let mut child = command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the executable was built");
    // a program that ends without reading its input closes the pipe
    drop(child.stdin.take().expect("it was asked for").write_all(input.as_bytes()));
    let output = child.wait_with_output().expect("the executable was started");
    Ran {
        status: output.status.code(),
        stdout: String::from_utf8(output.stdout).expect("the result is UTF-8"),
        stderr: String::from_utf8(output.stderr).expect("diagnostics are UTF-8"),
    }
}

/// Calls `naosu` with its data in that folder.
pub(crate) fn naosu_in(data: &Path, arguments: &[&str], input: &str) -> Ran {
    let mut child = start(data, arguments);
    // a program that ends without reading its input closes the pipe
    drop(child.stdin.take().expect("it was asked for").write_all(input.as_bytes()));
    let output = child.wait_with_output().expect("the executable was started");
    Ran {
        status: output.status.code(),
        stdout: String::from_utf8(output.stdout).expect("the result is UTF-8"),
        stderr: String::from_utf8(output.stderr).expect("messages are UTF-8"),
    }
}

/// Starts it with its data in that folder.
pub(crate) fn start(data: &Path, arguments: &[&str]) -> Child {
    command()
        .args(arguments)
        .env("HOME", data)
        .env("XDG_DATA_HOME", data)
        .env("LOCALAPPDATA", data)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the executable was built")
}
