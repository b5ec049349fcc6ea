//! What can be asked on the command line.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum, ValueHint};
use naosu_core::knowledge::Lang;
use naosu_papers::mask;

/// What a person wrote, without the secrets in it: nothing after this sees them.
#[expect(clippy::unnecessary_wraps, reason = "the shape that the parser of the command line wants")]
fn words(text: &str) -> Result<String, Infallible> {
    Ok(mask::words(text))
}

/// The same where they may begin with a dash, as `-1001` and `-ERR …` do; a single word that looks like an option is one that
/// does not exist.
fn words_or_code(text: &str) -> Result<String, String> {
    let option = text.strip_prefix('-').is_some_and(|rest| {
        !rest.contains(char::is_whitespace)
            && rest.trim_start_matches('-').starts_with(|first: char| first.is_ascii_lowercase())
    });
    if option { Err("no such option".to_owned()) } else { words(text).map_err(|never| match never {}) }
}

/// Finds out why mail or an Apple account stopped working, shows the proof, and gives the next step.
#[derive(Debug, Parser)]
#[command(name = "naosu", version, max_term_width = 100, disable_help_subcommand = true)]
pub(crate) struct Cli {
    #[command(subcommand)]
    pub(crate) command: Option<Command>,

    /// Language of everything a person reads [default: Japanese for Japanese words, else that of the environment]
    #[arg(long, global = true, value_enum, value_name = "LANG")]
    pub(crate) lang: Option<LangArgument>,

    /// Read the knowledge from this folder instead of the built-in one
    #[arg(long, global = true, value_name = "DIR", value_hint = ValueHint::DirPath)]
    pub(crate) knowledge: Option<PathBuf>,

    /// Colours in what is printed
    #[arg(long, global = true, value_enum, default_value_t = Color::Auto, value_name = "WHEN")]
    pub(crate) color: Color,
}

impl Cli {
    /// The person's own words, where they are on the command line.
    pub(crate) fn words(&self) -> Option<&str> {
        match self.command.as_ref()? {
            Command::Check(arguments) => arguments.words.as_deref(),
            Command::Ask(arguments) => arguments.words.as_deref(),
            Command::Case(arguments) => arguments.text.as_deref(),
            _ => None,
        }
    }
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Measure an account and its network, find the cause, give the next step
    Check(Box<CheckArguments>),
    /// Recognise what is wrong from words or a screenshot, and advise; measures nothing
    Ask(AskArguments),
    /// Repeat the diagnosis from a saved evidence file, without network
    Diagnose(DiagnoseArguments),
    /// Go through one trouble step by step until it works
    Case(CaseArguments),
    /// Routine care: what to look at how often, and the state of accounts around an update
    Care(CareArguments),
    /// See it work: check an account in a small mail world inside this process, with a fault put in
    Try(TryArguments),
    /// Look into the knowledge: causes, symptoms, fixes, providers
    Knowledge(KnowledgeArguments),
    /// Serve the web page for phones, the helpers' desk and the API
    Serve(ServeArguments),
    /// Say who may sign in at the desk of the server, on the machine where it runs
    Helper(HelperArguments),
    /// Print a completion script for a shell
    Completions {
        /// The shell
        shell: clap_complete::Shell,
    },
    /// Print the manual page (roff)
    Man,
}

#[derive(Args, Clone, Debug)]
pub(crate) struct HelperArguments {
    #[command(subcommand)]
    pub(crate) command: HelperCommand,
    /// Folder in which the server keeps its cases [default: the user's data folder]
    #[arg(long, global = true, value_name = "DIR", value_hint = ValueHint::DirPath)]
    pub(crate) data: Option<PathBuf>,
    /// The server's PostgreSQL database; read from the environment's `NAOSU_DATABASE_URL` too
    #[arg(long, global = true, value_name = "URL", conflicts_with = "data")]
    pub(crate) database_url: Option<String>,
}

#[derive(Clone, Debug, Subcommand)]
pub(crate) enum HelperCommand {
    /// Add a helper; the password is asked for
    Add {
        /// The name to sign in with
        name: String,
        /// They may manage helpers too
        #[arg(long)]
        administrator: bool,
        /// Read the password from standard input, its first line
        #[arg(long)]
        password_stdin: bool,
    },
    /// List the helpers
    List,
    /// Remove a helper and end their sessions
    Remove {
        /// The name
        name: String,
    },
    /// Give a helper another password and end their sessions
    Password {
        /// The name
        name: String,
        /// Read the password from standard input, its first line
        #[arg(long)]
        password_stdin: bool,
    },
}

#[derive(Args, Clone, Debug)]
pub(crate) struct ServeArguments {
    /// Where to listen
    #[arg(long, value_name = "IP:PORT", default_value = "0.0.0.0:8080")]
    pub(crate) listen: SocketAddr,
    /// Folder in which cases are kept [default: the user's data folder]
    #[arg(long, value_name = "DIR", value_hint = ValueHint::DirPath)]
    pub(crate) data: Option<PathBuf>,
    /// Keep cases in this PostgreSQL database instead; read from the environment's `NAOSU_DATABASE_URL` too, where other
    /// users of the machine do not see it
    #[arg(long, value_name = "URL", conflicts_with = "data")]
    pub(crate) database_url: Option<String>,
    /// The address that people open, where a proxy stands before this server
    #[arg(long, value_name = "URL", value_hint = ValueHint::Url)]
    pub(crate) public_url: Option<String>,
    /// Certificate of this server and those above it; with --tls-key it speaks HTTPS
    #[arg(long, value_name = "PEM", value_hint = ValueHint::FilePath, requires = "tls_key")]
    pub(crate) tls_cert: Option<PathBuf>,
    /// Private key of the certificate
    #[arg(long, value_name = "PEM", value_hint = ValueHint::FilePath, requires = "tls_cert")]
    pub(crate) tls_key: Option<PathBuf>,
    /// How the log on stderr is written
    #[arg(long, value_enum, default_value_t = LogFormat::Text, value_name = "FORMAT")]
    pub(crate) log: LogFormat,
    /// Believe a proxy beside this server who calls (X-Forwarded-For)
    #[arg(long, requires = "public_url")]
    pub(crate) trust_proxy: bool,
    /// How far measurements may go: public servers and the caller's own network, or anywhere
    #[arg(long, value_name = "REACH", value_enum, default_value_t = ReachArgument::Public)]
    pub(crate) reach: ReachArgument,
    /// Delete a case when nothing has happened in it for so many days; 0: never
    #[arg(long, value_name = "DAYS", default_value_t = naosu_server::KEEP_DAYS, value_parser = clap::value_parser!(u32).range(0..=36_500))]
    pub(crate) keep_days: u32,
    /// Do not serve: make a token for the API with this name, print it, and end
    #[arg(long, value_name = "NAME", help_heading = "Tokens")]
    pub(crate) new_token: Option<String>,
    /// What whoever has the new token may do
    #[arg(long, value_name = "ROLE", value_enum, default_value_t = RoleArgument::Helper, requires = "new_token", help_heading = "Tokens")]
    pub(crate) role: RoleArgument,
    /// How many days the new token holds
    #[arg(long, value_name = "DAYS", default_value = "90", value_parser = clap::value_parser!(u32).range(1..=366), requires = "new_token", help_heading = "Tokens")]
    pub(crate) days: u32,
    #[command(flatten)]
    pub(crate) outside: OutsideArguments,
}

/// What whoever has a token may do.
#[derive(Clone, Copy, Debug, Eq, PartialEq, ValueEnum)]
pub(crate) enum RoleArgument {
    /// See and carry on all cases
    Helper,
    /// That, and make tokens and webhooks
    Administrator,
}

/// What stands for the outside world in measurements; the same for one and for those of a server.
#[derive(Args, Clone, Debug)]
pub(crate) struct OutsideArguments {
    /// Ask this resolver instead of the system's
    #[arg(long, value_name = "IP[:PORT]", help_heading = "Network")]
    pub(crate) resolver: Vec<String>,
    /// Trust the certificates in this file too
    #[arg(long, value_name = "PEM", value_hint = ValueHint::FilePath, help_heading = "Network")]
    pub(crate) ca_file: Option<PathBuf>,
    /// Ask this time server instead of the built-in ones
    #[arg(long, value_name = "HOST[:PORT]", help_heading = "Network")]
    pub(crate) ntp: Vec<String>,
    /// Test the way out with this page instead of the built-in ones
    #[arg(long, value_name = "URL", value_hint = ValueHint::Url, help_heading = "Network")]
    pub(crate) connectivity_url: Vec<String>,
    /// Read a service's status from this page instead of the built-in one
    #[arg(long, value_name = "SERVICE=URL", help_heading = "Network")]
    pub(crate) status_url: Vec<String>,
}

/// How the server's log is written.
#[derive(Clone, Copy, Debug, Eq, PartialEq, ValueEnum)]
pub(crate) enum LogFormat {
    /// Lines for people.
    Text,
    /// An object of JSON a line.
    Json,
}

/// How far a server's measurements may go.
#[derive(Clone, Copy, Debug, Eq, PartialEq, ValueEnum)]
pub(crate) enum ReachArgument {
    /// Public servers and the caller's own network
    Public,
    /// Anywhere: only where every caller is trusted
    Open,
}

#[expect(clippy::struct_excessive_bools, reason = "each is a flag of the command line")]
#[derive(Args, Clone, Debug)]
pub(crate) struct CheckArguments {
    /// The mail address with the trouble
    pub(crate) address: Option<String>,
    /// What the screen says, or what is wrong, in your own words
    #[arg(value_parser = words, allow_negative_numbers = true)]
    pub(crate) words: Option<String>,

    /// Incoming server (IMAP); replaces what would be discovered
    #[arg(long, value_name = "HOST:PORT[/tls|/starttls|/plain]", help_heading = "Account")]
    pub(crate) imap: Vec<String>,
    /// Incoming server (POP3)
    #[arg(long, value_name = "HOST:PORT[/tls|/starttls|/plain]", help_heading = "Account")]
    pub(crate) pop: Vec<String>,
    /// Servers that were found and then confirmed on the terminal.
    #[arg(skip)]
    pub(crate) confirmed: Vec<naosu_probe::discovery::Endpoint>,
    /// Outgoing server (SMTP submission)
    #[arg(long, value_name = "HOST:PORT[/tls|/starttls|/plain]", help_heading = "Account")]
    pub(crate) smtp: Vec<String>,
    /// Name to sign in with [default: as the provider wants it, else the address]
    #[arg(long, value_name = "NAME", help_heading = "Account")]
    pub(crate) user: Option<String>,
    /// Read the password from the first line of this file
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath, help_heading = "Account", group = "credential")]
    pub(crate) password_file: Option<PathBuf>,
    /// Read the password from the first line of standard input
    #[arg(long, help_heading = "Account", group = "credential")]
    pub(crate) password_stdin: bool,
    /// Read an OAuth 2.0 access token from the first line of this file
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath, help_heading = "Account", group = "credential")]
    pub(crate) token_file: Option<PathBuf>,
    /// Do not sign in
    #[arg(long, help_heading = "Account", group = "credential")]
    pub(crate) no_login: bool,
    /// Send one test message to the address itself and wait for it
    #[arg(long, help_heading = "Account")]
    pub(crate) send_test: bool,

    /// Device with the trouble (iphone, ipad, mac, android, windows, linux)
    #[arg(long, value_name = "DEVICE", help_heading = "Circumstances")]
    pub(crate) device: Option<String>,
    /// Service (icloud, gmail, docomo, `apple_id`, imessage, …)
    #[arg(long, value_name = "SERVICE", help_heading = "Circumstances")]
    pub(crate) service: Option<String>,
    /// Mail program (`ios_mail`, `mac_mail`, outlook, thunderbird, …)
    #[arg(long, value_name = "CLIENT", help_heading = "Circumstances")]
    pub(crate) client: Option<String>,

    #[command(flatten)]
    pub(crate) outside: OutsideArguments,

    /// The whole run is over after that long
    #[arg(
        long,
        value_name = "SECONDS",
        default_value = "15",
        allow_hyphen_values = true,
        help_heading = "Run"
    )]
    pub(crate) deadline: String,
    /// Print the report as JSON
    #[arg(long, help_heading = "Run")]
    pub(crate) json: bool,
    /// Save the evidence in this file
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath, help_heading = "Run")]
    pub(crate) evidence_out: Option<PathBuf>,
    /// Print the result and end, do not go on as a guided case
    #[arg(long, help_heading = "Run")]
    pub(crate) once: bool,
    /// Show the observations behind each line
    #[arg(short, long, help_heading = "Run")]
    pub(crate) verbose: bool,
}

#[derive(Args, Debug)]
pub(crate) struct AskArguments {
    /// What the screen says, or what is wrong, in your own words
    #[arg(required_unless_present_any = ["batch", "image"], value_parser = words_or_code, allow_hyphen_values = true)]
    pub(crate) words: Option<String>,
    /// Read many texts, one JSON object with `id` and `text` on each line; `-` reads standard input
    #[arg(long, value_name = "FILE.jsonl", value_hint = ValueHint::FilePath, conflicts_with_all = ["words", "image", "json", "device", "service", "client"])]
    pub(crate) batch: Option<PathBuf>,
    /// Read the text in a picture of the screen (needs Tesseract)
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(crate) image: Option<PathBuf>,
    /// Print the result as JSON
    #[arg(long)]
    pub(crate) json: bool,
    /// Device with the trouble (iphone, ipad, mac, android, windows, linux)
    #[arg(long, value_name = "DEVICE")]
    pub(crate) device: Option<String>,
    /// Service (icloud, gmail, docomo, `apple_id`, imessage, …)
    #[arg(long, value_name = "SERVICE")]
    pub(crate) service: Option<String>,
    /// Mail program (`ios_mail`, `mac_mail`, outlook, thunderbird, …)
    #[arg(long, value_name = "CLIENT")]
    pub(crate) client: Option<String>,
}

#[derive(Args, Debug)]
pub(crate) struct DiagnoseArguments {
    /// Evidence as saved by --evidence-out, or a report as printed by --json; `-` reads standard input
    #[arg(value_hint = ValueHint::FilePath)]
    pub(crate) evidence: PathBuf,
    /// Print the report as JSON
    #[arg(long)]
    pub(crate) json: bool,
    /// Show the observations behind each line
    #[arg(short, long)]
    pub(crate) verbose: bool,
}

#[derive(Args, Debug)]
#[command(args_conflicts_with_subcommands = true)]
pub(crate) struct CaseArguments {
    #[command(subcommand)]
    pub(crate) command: Option<CaseCommand>,
    /// Keep the case on this computer, as cases on a terminal always are; the first line says its number
    #[arg(long, requires = "stdio")]
    pub(crate) keep: bool,
    /// Speak JSON lines on standard input and output instead of with a person on a terminal
    #[arg(long)]
    pub(crate) stdio: bool,
    /// What the screen says, or what is wrong, in your own words
    #[arg(long, value_name = "WORDS", value_parser = words)]
    pub(crate) text: Option<String>,
    /// Begin with what was measured: evidence as saved by --evidence-out, or a report; `-` reads standard input
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(crate) evidence: Option<PathBuf>,
    /// Device with the trouble (iphone, ipad, mac, android, windows, linux)
    #[arg(long, value_name = "DEVICE")]
    pub(crate) device: Option<String>,
    /// Service (icloud, gmail, docomo, `apple_id`, imessage, …)
    #[arg(long, value_name = "SERVICE")]
    pub(crate) service: Option<String>,
    /// Mail program (`ios_mail`, `mac_mail`, outlook, thunderbird, …)
    #[arg(long, value_name = "CLIENT")]
    pub(crate) client: Option<String>,
    /// Begin in a trouble of several steps and waits (`account_recovery`, `get_help`, `new_iphone`, …)
    #[arg(long, value_name = "ID")]
    pub(crate) flow: Option<String>,
}

#[derive(Debug, Subcommand)]
pub(crate) enum CaseCommand {
    /// List the cases that are kept on this computer, the latest first
    List,
    /// Tell what happened in a case, and what comes next
    Show {
        /// Its number
        id: i64,
    },
    /// Go on with a case
    Resume {
        /// Its number
        id: i64,
        /// Speak JSON lines on standard input and output
        #[arg(long)]
        stdio: bool,
    },
    /// End a case without going on
    Close {
        /// Its number
        id: i64,
        /// It works again
        #[arg(long)]
        resolved: bool,
    },
    /// Make the package for support: a page to read and a ZIP with the evidence
    Export(ExportArguments),
    /// What solved cases taught on this computer; it never leaves it by itself
    Outcomes {
        #[command(subcommand)]
        command: OutcomesCommand,
    },
}

#[derive(Debug, Subcommand)]
pub(crate) enum OutcomesCommand {
    /// Show which causes there were, and what helped how often
    Show {
        /// Print them as JSON
        #[arg(long)]
        json: bool,
    },
    /// Write the counts as JSON; nothing in it points to a case or a person
    Export {
        /// File to write; `-` writes to standard output
        #[arg(value_name = "FILE", value_hint = ValueHint::FilePath)]
        file: PathBuf,
    },
    /// Forget them; the cases stay
    Reset {
        /// Do not ask
        #[arg(long)]
        yes: bool,
    },
}

#[expect(clippy::struct_excessive_bools, reason = "each is a flag of the command line")]
#[derive(Args, Debug)]
pub(crate) struct ExportArguments {
    /// Its number
    pub(crate) id: i64,
    /// Version of the system on the device with the trouble, as in "iOS 26.1"
    #[arg(long, value_name = "SYSTEM")]
    pub(crate) os: Option<String>,
    /// Serial number of the device, where support asks for it; it goes in readable, and is not kept
    #[arg(long, value_name = "SERIAL")]
    pub(crate) serial: Option<String>,
    /// Picture of the screen to put in (PNG, JPEG, WebP or BMP; up to ten); place, time and device data are taken out of it
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(crate) screenshot: Vec<PathBuf>,
    /// Leave mail and IP addresses, telephone numbers and names readable
    #[arg(long)]
    pub(crate) keep_addresses: bool,
    /// Folder to write into
    #[arg(long, value_name = "DIR", value_hint = ValueHint::DirPath, default_value = ".")]
    pub(crate) out: PathBuf,
    /// Only show what would be in the package
    #[arg(long, conflicts_with = "yes")]
    pub(crate) preview: bool,
    /// Write without asking
    #[arg(long)]
    pub(crate) yes: bool,
    /// Replace a package that was written earlier
    #[arg(long)]
    pub(crate) overwrite: bool,
}

#[derive(Args, Debug)]
#[command(args_conflicts_with_subcommands = true)]
pub(crate) struct CareArguments {
    #[command(subcommand)]
    pub(crate) command: Option<CareCommand>,
    /// Only what concerns this device (iphone, ipad, mac, android, windows, linux)
    #[arg(long, value_name = "DEVICE")]
    pub(crate) device: Option<String>,
    /// Only what concerns this service (icloud, gmail, docomo, `apple_id`, imessage, …)
    #[arg(long, value_name = "SERVICE")]
    pub(crate) service: Option<String>,
    /// Mail address to measure: what a probe can look at is looked at now (repeatable)
    #[arg(long, value_name = "ADDRESS")]
    pub(crate) account: Vec<String>,
    /// Write what a person has to look at into a calendar file, and a monthly reminder for the rest
    #[arg(long, value_name = "FILE.ics", value_hint = ValueHint::FilePath)]
    pub(crate) out: Option<PathBuf>,
    /// Replace a calendar file that was written earlier
    #[arg(long, requires = "out")]
    pub(crate) overwrite: bool,
    /// Options for the check of each account, as in: -- --no-login
    #[arg(last = true, value_name = "CHECK OPTIONS", requires = "account")]
    pub(crate) options: Vec<String>,
}

#[derive(Debug, Subcommand)]
pub(crate) enum CareCommand {
    /// Measure accounts and keep their state, to compare with after an update
    BeforeUpdate {
        /// The mail addresses
        #[arg(required = true)]
        addresses: Vec<String>,
        /// Options for each check, as in: -- --no-login
        #[arg(last = true, value_name = "CHECK OPTIONS")]
        options: Vec<String>,
    },
    /// Measure the accounts again and tell what has changed
    AfterUpdate {
        /// The mail addresses [default: all whose state is kept]
        addresses: Vec<String>,
        /// Options for each check, as in: -- --no-login
        #[arg(last = true, value_name = "CHECK OPTIONS")]
        options: Vec<String>,
    },
}

#[derive(Args, Debug)]
pub(crate) struct TryArguments {
    /// The world to play; without it one is drawn and told at the end
    pub(crate) scenario: Option<String>,
    /// List the worlds
    #[arg(long)]
    pub(crate) list: bool,
    /// Print the report as JSON
    #[arg(long)]
    pub(crate) json: bool,
    /// Show the observations behind each line
    #[arg(short, long)]
    pub(crate) verbose: bool,
}

#[derive(Args, Debug)]
pub(crate) struct KnowledgeArguments {
    #[command(subcommand)]
    pub(crate) command: KnowledgeCommand,
}

#[derive(Debug, Subcommand)]
pub(crate) enum KnowledgeCommand {
    /// Check the whole set and tell every problem
    Check,
    /// List the ids of everything, or of one kind
    List {
        /// causes, variables, signatures, …
        kind: Option<String>,
    },
    /// Show one entry
    Show {
        /// Its id
        id: String,
    },
    /// Tell which rows of coverage.tsv are served, and which are missing
    Coverage {
        /// Show the entries that serve each row
        #[arg(short, long)]
        verbose: bool,
    },
    /// Write a guide of every message, cause and fix as web pages, in both languages
    Site {
        /// Folder for the pages; a guide that is there already is renewed
        #[arg(value_hint = ValueHint::DirPath)]
        dir: PathBuf,
        /// Address at which the folder will be found, for search engines
        #[arg(long, value_name = "URL", value_hint = ValueHint::Url)]
        base_url: Option<String>,
    },
    /// Measure recognition on the complaints of the knowledge, and diagnosis on recorded worlds
    Score {
        /// More complaints, never in view when the phrases were written
        #[arg(value_name = "FILE.jsonl", value_hint = ValueHint::FilePath)]
        files: Vec<PathBuf>,
        /// Folder with recorded worlds (`*/evidence.json` beside `*/fault.toml`)
        #[arg(long, value_name = "DIR", value_hint = ValueHint::DirPath, default_value = "scenarios")]
        scenarios: PathBuf,
    },
}

#[derive(Clone, Copy, Debug, ValueEnum)]
pub(crate) enum LangArgument {
    Ja,
    En,
}

impl From<LangArgument> for Lang {
    fn from(argument: LangArgument) -> Self {
        match argument {
            LangArgument::Ja => Self::Ja,
            LangArgument::En => Self::En,
        }
    }
}

#[derive(Clone, Copy, Debug, Eq, PartialEq, ValueEnum)]
pub(crate) enum Color {
    /// On a terminal, unless `NO_COLOR` is set
    Auto,
    Always,
    Never,
}
