//! The same with PostgreSQL: a cluster of its own in a temporary folder, where the programs for it are found.

use std::os::unix::fs::chown;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use naosu_server::{Keeping, Role};
use tempfile::TempDir;

use crate::server::Server;

/// Who runs it where we are root, which PostgreSQL refuses: nobody.
const NOBODY: u32 = 65534;

/// A cluster; it ends with the test.
pub(crate) struct Cluster {
    process: Child,
    folder: TempDir,
}

impl Drop for Cluster {
    fn drop(&mut self) {
        // the folder goes too: nothing has to be saved
        drop(self.process.kill());
        drop(self.process.wait());
    }
}

impl Cluster {
    pub(crate) fn start() -> Option<Self> {
        let programs = programs()?;
        let folder = TempDir::new().unwrap();
        let root =
            std::fs::metadata("/proc/self").map(|own| std::os::unix::fs::MetadataExt::uid(&own)).ok()? == 0;
        if root {
            chown(folder.path(), Some(NOBODY), Some(NOBODY)).unwrap();
        }
        let run = |name: &str| {
            let mut command = Command::new(programs.join(name));
            command.current_dir(folder.path()).stdout(Stdio::null()).stderr(Stdio::null());
            if root {
                command.uid(NOBODY).gid(NOBODY);
            }
            command
        };
        let data = folder.path().join("data");
        let made = run("initdb")
            .args(["-A", "trust", "-U", "naosu", "-E", "UTF8", "--no-sync", "-D"])
            .arg(&data)
            .status();
        assert!(made.unwrap().success(), "initdb");
        let process = run("postgres")
            .args(["-c", "listen_addresses=", "-c", "fsync=off", "-k"])
            .arg(folder.path())
            .arg("-D")
            .arg(&data)
            .spawn()
            .unwrap();
        let cluster = Self { process, folder };
        cluster.wait();
        Some(cluster)
    }

    /// Until it accepts connections: its socket is there and answers.
    fn wait(&self) {
        let end = Instant::now() + Duration::from_mins(1);
        let ready = self.folder.path().join("data/postmaster.pid");
        while !std::fs::read_to_string(&ready)
            .is_ok_and(|text| text.lines().any(|line| line.trim() == "ready"))
        {
            assert!(Instant::now() < end, "PostgreSQL did not start");
            std::thread::sleep(Duration::from_millis(50));
        }
    }

    pub(crate) fn url(&self) -> String {
        let socket = self.folder.path().to_str().unwrap().replace('/', "%2F");
        format!("postgres://naosu@{socket}/postgres")
    }
}

/// Where `initdb` and `postgres` are.
fn programs() -> Option<PathBuf> {
    let versions = std::fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten();
    let installed = versions.map(|version| version.path().join("bin"));
    let path = std::env::var_os("PATH")?;
    let mut all = installed.chain(std::env::split_paths(&path));
    all.find(|folder: &PathBuf| has(folder, "initdb") && has(folder, "postgres"))
}

fn has(folder: &Path, name: &str) -> bool {
    folder.join(name).is_file()
}

#[test]
fn the_desk_works_on_postgresql_too() {
    let Some(cluster) = Cluster::start() else {
        eprintln!("skipped: PostgreSQL is not installed");
        return;
    };
    let server = Server::keeping(Keeping::Postgres(cluster.url()));
    server.add_helper("hana", Role::Helper, "a long enough password");
    let mut helper = server.browser();
    assert_eq!(helper.sign_in("hana", "a long enough password").goes_to(), "/desk");
    let mut person = server.browser();
    let link = person.post("/cases", &[("words", "iPhoneでメールを取得できません"), ("address", "")]);
    let link = link.goes_to().to_owned();
    person.post("/cases", &[("words", "Outlook cannot send"), ("address", "")]).goes_to();
    for (query, found) in [
        ("", "case/2\"case/1\""),
        ("q=cannot+SEND", "case/2\""),
        ("q=%E5%8F%96%E5%BE%97", "case/1\""),
        ("device=iphone&state=open&from=2020-01-01&order=oldest&holder=", "case/1\""),
        ("after=1.1", ""),
    ] {
        let page = helper.get(&format!("/desk?{query}"));
        assert_eq!(page.status, 200, "{query}");
        let cases = page.body.split("<th scope=\"row\"><a href=\"/desk/").skip(1);
        let cases: String = cases.map(|row| format!("{}\"", row.split('"').next().unwrap())).collect();
        assert_eq!(cases, found, "{query}");
    }
    let token = helper.get("/desk/case/1").field("token");
    helper.post("/desk/case/1/take-over", &[("token", &token)]).goes_to();
    let at = person.get(&link).field("at");
    let form = [("token", token.as_str()), ("at", at.as_str()), ("answer", "unknown")];
    assert_eq!(helper.post("/desk/case/1/answer", &form).goes_to(), "/desk/case/1");
    helper.post("/desk/case/1/note", &[("token", &token), ("text", "メモ")]).goes_to();
    assert!(helper.get("/desk/case/1").body.contains("メモ"));
    assert_eq!(helper.get("/desk/statistics").status, 200);
    helper.post("/desk/case/1/hand-back", &[("token", &token)]).goes_to();
}
