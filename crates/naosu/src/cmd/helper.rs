//! `naosu helper`: who may sign in at the desk of the server.

use std::io::{BufRead, IsTerminal, Read};
use std::process::ExitCode;

use anyhow::{Context, Result};
use naosu_core::knowledge::Lang;
use naosu_server::{Helpers, Role, Unfit};

use crate::cli::{HelperArguments, HelperCommand};
use crate::language::pick;
use crate::usage::Mistake;

/// The longest line that is read as a password, in bytes.
const LINE: u64 = 4096;

/// Carries the command out.
pub(super) fn run(arguments: &HelperArguments, lang: Lang) -> Result<ExitCode> {
    let keeping = super::serve::keeping(arguments.database_url.as_ref(), arguments.data.as_ref())?;
    // asked for before anything is opened: people take their time
    let password = match &arguments.command {
        HelperCommand::Add { name, password_stdin, .. }
        | HelperCommand::Password { name, password_stdin } => password(name, *password_stdin, lang)?,
        HelperCommand::List | HelperCommand::Remove { .. } => String::new(),
    };
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(1)
        .enable_all()
        .build()
        .context("open what is kept")?;
    let done: Result<()> = runtime.block_on(async {
        let helpers = Helpers::open(&keeping).await?;
        match &arguments.command {
            HelperCommand::Add { name, administrator, .. } => {
                let role = if *administrator { Role::Administrator } else { Role::Helper };
                helpers.add(name, role, &password).await?;
            }
            HelperCommand::List => {
                let all = helpers.list().await?;
                let lines = all
                    .iter()
                    .fold(String::new(), |lines, one| lines + &one.name + "\t" + role(one.role, lang) + "\n");
                super::print(&lines)?;
            }
            HelperCommand::Remove { name } => helpers.remove(name).await?,
            HelperCommand::Password { name, .. } => helpers.change_password(name, &password).await?,
        }
        Ok(())
    });
    match done {
        Ok(()) => Ok(ExitCode::SUCCESS),
        Err(error) => Err(error.downcast_ref::<Unfit>().map(|unfit| told(*unfit)).unwrap_or(error)),
    }
}

fn role(role: Role, lang: Lang) -> &'static str {
    match role {
        Role::Administrator => pick(lang, "administrator", "管理者"),
        Role::Helper => pick(lang, "helper", "担当"),
    }
}

fn told(unfit: Unfit) -> anyhow::Error {
    let ja = match unfit {
        Unfit::Name => "名前は1〜64文字にしてください",
        Unfit::Taken => "その名前はすでに使われています",
        Unfit::Nobody => "その名前の人はいません",
        Unfit::Password => "パスワードは12文字以上、1024バイト以下にしてください",
    };
    Mistake::error(unfit.to_string(), ja.to_owned())
}

/// The password: typed twice where there is a terminal, else the first line of standard input if that is asked for.
fn password(name: &str, stdin: bool, lang: Lang) -> Result<String> {
    if stdin {
        let mut line = String::new();
        std::io::stdin().lock().take(LINE).read_line(&mut line).context("read the password")?;
        line.truncate(line.trim_end_matches(['\r', '\n']).len());
        return Ok(line);
    }
    if !std::io::stdin().is_terminal() {
        return Err(Mistake::error(
            "there is no terminal to ask for the password: use --password-stdin".to_owned(),
            "パスワードを入力する端末がありません: --password-stdin を使ってください".to_owned(),
        ));
    }
    let ask = |prompt: String| rpassword::prompt_password(prompt).context("read the password");
    let first = ask(pick(
        lang,
        format!("Password for {name}, 12 characters or more (not shown): "),
        format!("{name} のパスワード、12文字以上(表示されません): "),
    ))?;
    let second = ask(pick(lang, "Once more: ".to_owned(), "もう一度: ".to_owned()))?;
    if first == second {
        Ok(first)
    } else {
        Err(Mistake::error("the two passwords differ".to_owned(), "2回の入力が一致しません".to_owned()))
    }
}
