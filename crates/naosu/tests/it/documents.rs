//! Help, completions and the manual: made from the definition of the command line.

use crate::run::naosu;

/// What tests and scripts from outside rely on.
const CONTRACT: [&str; 21] = [
    "--imap",
    "--pop",
    "--smtp",
    "--user",
    "--password-file",
    "--password-stdin",
    "--no-login",
    "--resolver",
    "--ca-file",
    "--ntp",
    "--connectivity-url",
    "--status-url",
    "--device",
    "--service",
    "--client",
    "--lang",
    "--deadline",
    "--json",
    "--evidence-out",
    "--once",
    "--verbose",
];

const COMMANDS: [&str; 9] =
    ["check", "ask", "diagnose", "case", "care", "try", "knowledge", "completions", "man"];

#[test]
fn the_help_of_check_lists_every_option_of_the_contract() {
    let help = naosu(["check", "--help"]);
    assert_eq!(help.status, Some(0));
    for option in CONTRACT {
        let listed = help.stdout.split_whitespace().any(|word| word.trim_end_matches(',') == option);
        assert!(listed, "{option} is missing in:\n{}", help.stdout);
    }
}

#[test]
fn the_help_lists_every_command() {
    let help = naosu(["--help"]);
    assert_eq!(help.status, Some(0));
    for command in COMMANDS {
        assert!(help.stdout.contains(&format!("  {command} ")), "{command} is missing in:\n{}", help.stdout);
    }
}

#[test]
fn no_option_takes_a_password_itself() {
    let help = naosu(["check", "--help"]).stdout;
    assert!(!help.contains("--password "), "{help}");
    let refused = naosu(["check", "hanako@example.jp", "--password", "secret"]);
    assert_eq!(refused.status, Some(2));
}

#[test]
fn completions_are_made_for_every_shell() {
    for shell in ["bash", "zsh", "fish", "powershell"] {
        let script = naosu(["completions", shell]);
        assert_eq!(script.status, Some(0), "{shell}: {}", script.stderr);
        for word in ["diagnose", "evidence-out"] {
            assert!(script.stdout.contains(word), "{shell} knows nothing of {word}");
        }
    }
}

#[test]
fn the_manual_is_roff_and_holds_every_command_and_option() {
    let manual = naosu(["man"]);
    assert_eq!(manual.status, Some(0), "{}", manual.stderr);
    assert!(manual.stdout.contains(".TH naosu 1"), "{}", manual.stdout);
    let plain = manual.stdout.replace('\\', "");
    for word in COMMANDS.iter().chain(&CONTRACT) {
        assert!(plain.contains(word), "{word} is missing in the manual");
    }
}

#[test]
fn the_version_is_that_of_the_package() {
    let version = naosu(["--version"]);
    assert_eq!(version.stdout, concat!("naosu ", env!("CARGO_PKG_VERSION"), "\n"));
}
