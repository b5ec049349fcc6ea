//! Old servers as OpenSSL still can play them.

use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use naosu_probe::deadline::Deadline;
use naosu_probe::recorder::Recorder;
use naosu_probe::tls::{Handshake, Secured, Trust};
use tokio::net::TcpStream;

struct Server {
    process: Child,
    port: u16,
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

impl Server {
    fn start(files: &str, arguments: &[&str]) -> Self {
        let mut process = Command::new("openssl")
            .args(["s_server", "-accept", "127.0.0.1:0", "-cert", &format!("{files}/c.pem")])
            .args(["-key", &format!("{files}/k.pem")])
            .args(arguments)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(process.stdout.take().unwrap()).lines();
        let port =
            lines.find_map(|line| line.ok()?.strip_prefix("ACCEPT 127.0.0.1:")?.trim().parse().ok()).unwrap();
        // what else it prints must go somewhere
        std::thread::spawn(move || lines.for_each(drop));
        Self { process, port }
    }

    async fn probe(&self) -> Secured<TcpStream> {
        let connect = async || TcpStream::connect(("127.0.0.1", self.port)).await.ok();
        let trust = Trust::load(None).unwrap();
        let (recorder, deadline) = (Recorder::default(), Deadline::after(Duration::from_secs(20)));
        let (host, port) = ("old.example.jp", self.port);
        let shake = Handshake { host, port, trust: &trust, recorder: &recorder, deadline, after: &[] };
        shake.run(connect().await.unwrap(), connect).await
    }
}

#[tokio::test]
async fn old_versions_and_ciphers_are_named() {
    let directory = std::env::temp_dir().join(format!("naosu-old-tls-{}", std::process::id()));
    std::fs::create_dir_all(&directory).unwrap();
    let files = directory.to_str().unwrap();
    let made = Command::new("openssl")
        .args(["req", "-x509", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=old.example.jp", "-days", "30"])
        .args(["-keyout", &format!("{files}/k.pem"), "-out", &format!("{files}/c.pem")])
        .stderr(Stdio::null())
        .status()
        .unwrap();
    assert!(made.success());
    for (arguments, outcome, version, cipher) in [
        (
            &["-tls1", "-cipher", "ALL:@SECLEVEL=0"][..],
            "too_old",
            "TLS 1.0",
            "ECDHE_RSA_WITH_AES_256_CBC_SHA",
        ),
        (&["-tls1_1", "-cipher", "AES128-SHA:@SECLEVEL=0"], "too_old", "TLS 1.1", "RSA_WITH_AES_128_CBC_SHA"),
        (
            &["-tls1_2", "-cipher", "AES256-GCM-SHA384"],
            "no_common_cipher",
            "TLS 1.2",
            "RSA_WITH_AES_256_GCM_SHA384",
        ),
        (
            &["-tls1_2", "-cipher", "ECDHE-RSA-AES128-SHA"],
            "no_common_cipher",
            "TLS 1.2",
            "ECDHE_RSA_WITH_AES_128_CBC_SHA",
        ),
        (&[], "cert_self_signed", "TLS 1.3", "TLS13_AES_256_GCM_SHA384"),
    ] {
        let secured = Server::start(files, arguments).probe().await;
        assert_eq!(secured.outcome, outcome, "{arguments:?}");
        assert_eq!(secured.detail["version"], version);
        assert_eq!(secured.detail["cipher"], cipher);
        assert!(!secured.verified);
    }
    std::fs::remove_dir_all(&directory).unwrap();
}
