//! What may be measured, for whom and how often: so many runs at once and in a time, and so few sign-ins to an account, over
//! all who ask, that nobody can have it locked through this server.
//!
//! [`Desk::may_measure`] says early and kindly what would be refused; what holds is the gate that [`Permit::guard`] puts
//! into the order: it is asked before each password is sent, with the user and the server that it would go to, and spends the
//! account's budget in the database.

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;
use std::sync::{Arc, Mutex, PoisonError};

use hmac::{Hmac, Mac};
use naosu_core::evidence::Evidence;
use naosu_probe::plan::Order;
use naosu_probe::reach::Reach;
use naosu_probe::sign_in::Gate;
use sha2::Sha256;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::desk::{Desk, now};
use crate::failure::Failure;
use crate::limit::{Kind, Limits, Wait};
use crate::reach::{Caller, of_caller};
use crate::secret_link;
use crate::store::Store;
use crate::wording::Wording;

/// How many runs go on at once, for all and for one caller.
const RUNS: usize = 12;
const RUNS_OF_ONE: usize = 2;

/// How long to wait when too many runs go on, in seconds: a run takes fifteen at the most.
const RUN_LENGTH: u64 = 15;

/// How long an account is remembered after its last sign-in, in seconds: ninety days.
const MEMORY: i64 = 90 * 24 * 60 * 60;

/// Domains of one provider whose user names are the same accounts.
const SAME: [(&str, &str); 3] =
    [("googlemail.com", "gmail.com"), ("me.com", "icloud.com"), ("mac.com", "icloud.com")];

/// What keeps runs in bounds; one for the whole server.
#[derive(Debug)]
pub(crate) struct Budget {
    /// The allowances of all addresses, for runs and for everything else.
    pub(crate) limits: Limits,
    running: Arc<Semaphore>,
    of_callers: Arc<Mutex<BTreeMap<IpAddr, usize>>>,
    key: String,
}

/// The account that a run would sign in to, as far as it is known before.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Account<'a> {
    /// The mail address.
    pub(crate) address: Option<&'a str>,
    /// The user name, where it is another.
    pub(crate) user: Option<&'a str>,
    /// The servers that were named.
    pub(crate) hosts: &'a [&'a str],
}

/// Whether a run is to sign in.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum SignInWish {
    /// No.
    None,
    /// With a password.
    Password,
    /// With a password that the person says is another than the one that was refused.
    OtherPassword,
}

/// Leave for one run; its place is free again when this is dropped.
#[derive(Debug)]
pub(crate) struct Permit {
    reach: Reach,
    gate: Arc<Granted>,
    _place: OwnedSemaphorePermit,
    _place_of_caller: PlaceOfCaller,
}

/// Why a run, or another request, is not carried out now.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct Refusal {
    /// Why.
    pub(crate) why: Why,
    /// When to try again, in seconds; 0 where time alone does not help.
    pub(crate) seconds: u64,
}

/// What was too much.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Why {
    /// Too many runs go on.
    Busy,
    /// The address asked too often.
    TooOften,
    /// The account was signed in to a short while ago, or often today.
    SignedIn,
    /// The account's password was refused, and nobody says that this is another one.
    PasswordRefused,
}

impl Budget {
    /// The budget of a server.
    pub(crate) async fn open(store: &Store) -> sqlx::Result<Self> {
        let key = store.sign_in_key(&secret_link::fresh()).await?;
        store.forget_sign_ins(seconds() - MEMORY).await?;
        Ok(Self {
            limits: Limits::default(),
            running: Arc::new(Semaphore::new(RUNS)),
            of_callers: Arc::default(),
            key,
        })
    }
}

impl Desk {
    /// Takes one from a caller's allowance.
    pub(crate) fn may(&self, kind: Kind, caller: Caller) -> Result<(), Refusal> {
        self.budget.limits.take(kind, caller).map_err(|Wait(seconds)| Refusal { why: Why::TooOften, seconds })
    }

    /// Leave for a run of probes. To be held until the run is over, and to be put into its order with [`Permit::guard`].
    pub(crate) async fn may_measure(
        &self,
        caller: Caller,
        account: &Account<'_>,
        wish: SignInWish,
    ) -> Result<Permit, Failure> {
        if wish != SignInWish::None {
            self.may_sign_in(account, wish).await?;
        }
        let busy = Refusal { why: Why::Busy, seconds: RUN_LENGTH };
        let place_of_caller = PlaceOfCaller::take(&self.budget.of_callers, caller).ok_or(busy)?;
        let place = Arc::clone(&self.budget.running).try_acquire_owned().map_err(|_| busy)?;
        self.may(Kind::Run, caller)?;
        let gate = Granted {
            store: self.store.clone(),
            key: self.budget.key.clone(),
            wish,
            accounts: Mutex::default(),
        };
        Ok(Permit {
            reach: of_caller(self.config.reach, caller),
            gate: Arc::new(gate),
            _place: place,
            _place_of_caller: place_of_caller,
        })
    }

    /// Whether the account has a sign-in left, as far as it can be told before its servers are known.
    async fn may_sign_in(&self, account: &Account<'_>, wish: SignInWish) -> Result<(), Failure> {
        let at = seconds();
        for name in account.names() {
            let standing = self.store.sign_in_standing(&digest(&self.budget.key, &name)).await?;
            let wait = standing.wait(at);
            if standing.refused && wish != SignInWish::OtherPassword {
                return Err(Refusal { why: Why::PasswordRefused, seconds: wait }.into());
            }
            if wait > 0 {
                return Err(Refusal { why: Why::SignedIn, seconds: wait }.into());
            }
        }
        Ok(())
    }
}

impl Permit {
    /// Puts the bounds into an order: its reach, the gate before its sign-ins, and that this machine is not the person's.
    pub(crate) fn guard(&self, order: &mut Order) {
        order.reach = self.reach.clone();
        order.own_device = false;
        if self.gate.wish == SignInWish::None {
            order.credential = None;
        }
        let gate = Arc::clone(&self.gate);
        order.gate = Some(Gate::new(move |user, host| {
            let (gate, name) = (Arc::clone(&gate), name_at(user, host));
            async move { gate.spend(&name).await }
        }));
    }

    /// Keeps what became of the sign-ins: an account whose password was refused gets no other try with the same one. The
    /// run's place is free then.
    pub(crate) async fn ended(self, evidence: &Evidence) -> Result<(), Failure> {
        let refused = |variable: &str, outcome: &str| {
            matches!(variable, "imap" | "pop" | "smtp") && outcome == "sign_in_refused"
        };
        if evidence.observations.iter().any(|seen| refused(&seen.variable, &seen.outcome)) {
            let accounts = self.gate.accounts.lock().unwrap_or_else(PoisonError::into_inner).clone();
            for account in accounts {
                self.gate.store.sign_in_refused(&account).await?;
            }
        }
        Ok(())
    }
}

impl Refusal {
    /// What happened, for the person.
    pub(crate) fn title(self, w: Wording) -> &'static str {
        match self.why {
            Why::Busy => w.pick("Just a moment", "少しお待ちください"),
            Why::TooOften => w.pick("That was a little too often", "回数が多すぎます"),
            Why::SignedIn => {
                w.pick("The sign-in was tried a short while ago", "少し前にサインインを試しています")
            }
            Why::PasswordRefused => {
                w.pick("This password was refused", "このパスワードは受け付けられませんでした")
            }
        }
    }

    /// What to do and when, for the person.
    pub(crate) fn text(self, w: Wording) -> String {
        let when = waiting(self.seconds, w);
        match (self.why, w.pick("en", "ja")) {
            (Why::Busy, "ja") => format!("ただいま混み合っています。{when}後にもう一度お試しください。"),
            (Why::Busy, _) => format!("Other accounts are being checked. Try again in {when}."),
            (Why::TooOften, "ja") => {
                format!("同じ接続元からの操作が多すぎます。{when}後にもう一度お試しください。")
            }
            (Why::TooOften, _) => format!("Too much was asked from your address. Try again in {when}."),
            (Why::SignedIn, "ja") => format!(
                "何度もサインインすると、提供元がアカウントをロックすることがあります。{when}後にもう一度お試しください。パスワードを入れなければ、今すぐ調べられます。"
            ),
            (Why::SignedIn, _) => format!(
                "Too many sign-ins can make a provider lock the account. Try again in {when}. Without the password the check can be made now."
            ),
            (Why::PasswordRefused, "ja") => {
                let wait = if self.seconds > 0 { format!("{when}後に、") } else { String::new() };
                format!(
                    "同じパスワードをもう一度送ると、アカウントがロックされるおそれがあります。パスワードを変更するか正しいものを確かめてから、{wait}「前とは別のパスワードです」を選んでお試しください。パスワードを入れなければ、今すぐ調べられます。"
                )
            }
            (Why::PasswordRefused, _) => {
                let wait = if self.seconds > 0 { format!(", in {when}") } else { String::new() };
                format!(
                    "Sent once more it could get the account locked. Change the password or find the right one, then say that it is another one and try again{wait}. Without the password the check can be made now."
                )
            }
        }
    }
}

/// A time to wait, as a person says it.
fn waiting(seconds: u64, w: Wording) -> String {
    let unit = |count: u64, en: &str, ja: &str| {
        let plural = if count == 1 { "" } else { "s" };
        match w.pick("en", "ja") {
            "ja" => format!("{count}{ja}"),
            _ => format!("{count} {en}{plural}"),
        }
    };
    match seconds {
        0..=90 => unit(seconds.max(1), "second", "秒"),
        91..=5400 => unit(seconds.div_ceil(60), "minute", "分"),
        _ => unit(seconds.div_ceil(3600), "hour", "時間"),
    }
}

/// The sign-ins of one run.
#[derive(Debug)]
struct Granted {
    store: Store,
    key: String,
    wish: SignInWish,
    /// Digests of the accounts that this run signs in to.
    accounts: Mutex<BTreeSet<String>>,
}

impl Granted {
    /// Whether this run may sign in to that account; where it does so for the first time, that is spent. A database that
    /// fails lets nobody through.
    async fn spend(&self, name: &str) -> bool {
        let account = digest(&self.key, name);
        let known = || self.accounts.lock().unwrap_or_else(PoisonError::into_inner).contains(&account);
        if self.wish == SignInWish::None || known() {
            return self.wish != SignInWish::None;
        }
        let other = self.wish == SignInWish::OtherPassword;
        match self.store.spend_sign_in(&account, seconds(), other).await {
            Ok(spent) => {
                if spent {
                    self.accounts.lock().unwrap_or_else(PoisonError::into_inner).insert(account);
                }
                spent
            }
            Err(error) => {
                tracing::error!(%error, "the sign-in budget");
                false
            }
        }
    }
}

/// One of the runs that a caller has going.
#[derive(Debug)]
struct PlaceOfCaller {
    of_callers: Arc<Mutex<BTreeMap<IpAddr, usize>>>,
    caller: IpAddr,
}

impl PlaceOfCaller {
    /// A place, where the caller has one left; this machine may stand for everybody and is not counted.
    fn take(of_callers: &Arc<Mutex<BTreeMap<IpAddr, usize>>>, caller: Caller) -> Option<Self> {
        let mut counts = of_callers.lock().unwrap_or_else(PoisonError::into_inner);
        let address = caller.address();
        let count = counts.entry(address).or_default();
        if *count >= RUNS_OF_ONE && !caller.is_here() {
            return None;
        }
        *count += 1;
        Some(Self { of_callers: Arc::clone(of_callers), caller: address })
    }
}

impl Drop for PlaceOfCaller {
    fn drop(&mut self) {
        let mut counts = self.of_callers.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(count) = counts.get_mut(&self.caller) {
            *count -= 1;
            if *count == 0 {
                counts.remove(&self.caller);
            }
        }
    }
}

impl Account<'_> {
    /// The names under which its sign-ins are counted.
    fn names(&self) -> Vec<String> {
        let Some(user) = self.user.or(self.address) else { return Vec::new() };
        if user.contains('@') {
            return vec![name_of(user)];
        }
        let domain = self.address.and_then(|address| address.rsplit_once('@')).map(|(_, domain)| domain);
        self.hosts.iter().copied().chain(domain).map(|host| name_at(user, host)).collect()
    }
}

/// The name of an account by the user name that is sent to a server: a name alone belongs to the server's domain.
fn name_at(user: &str, host: &str) -> String {
    if user.contains('@') { name_of(user) } else { name_of(&format!("{user}@{}", base(host))) }
}

/// An address without what does not make it another account: letter case, what follows a plus sign, Gmail's dots, the other
/// domains of the same provider.
fn name_of(address: &str) -> String {
    let address = address.trim().to_lowercase();
    let (local, domain) = address.rsplit_once('@').unwrap_or((&address, ""));
    let domain = domain.trim_end_matches('.');
    let domain = SAME.iter().find(|(other, _)| *other == domain).map_or(domain, |(_, one)| one);
    let local = local.split('+').next().unwrap_or_default();
    let local = if domain == "gmail.com" { local.replace('.', "") } else { local.to_owned() };
    format!("{local}@{domain}")
}

/// The domain that a server's name belongs to, roughly: two labels, three where the last but one is short (`ne.jp`,
/// `co.uk`). Too short a domain lets accounts share a budget, and never gives one more of it.
fn base(host: &str) -> String {
    let host = host.trim().trim_end_matches('.').to_lowercase();
    if host.parse::<IpAddr>().is_ok() {
        return host;
    }
    let labels: Vec<&str> = host.split('.').collect();
    let count = match labels.as_slice() {
        [.., second, top] if top.len() == 2 && second.len() <= 3 => 3,
        _ => 2,
    };
    labels[labels.len().saturating_sub(count)..].join(".")
}

/// What is kept of an account's name: whoever reads the database cannot tell whose it is without the key.
fn digest(key: &str, name: &str) -> String {
    let mut mac = Hmac::<Sha256>::new_from_slice(key.as_bytes()).expect("a key of any length will do");
    mac.update(name.as_bytes());
    let bytes = mac.finalize().into_bytes();
    crate::secret_link::hexadecimal(&bytes)
}

fn seconds() -> i64 {
    i64::try_from(now()).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use naosu_core::knowledge::Lang;

    use super::*;
    use crate::config::Keeping;

    #[test]
    fn one_account_has_one_name_however_it_is_written() {
        for (user, host, name) in [
            ("Hanako@Example.JP ", "imap.example.jp", "hanako@example.jp"),
            ("hanako", "imap.example.jp", "hanako@example.jp"),
            ("hanako+x@example.jp", "mail.other.example", "hanako@example.jp"),
            ("h.a.nako@googlemail.com", "imap.gmail.com", "hanako@gmail.com"),
            ("hanako", "imap.gmail.com.", "hanako@gmail.com"),
            ("hanako", "imap.mail.me.com", "hanako@icloud.com"),
            ("hanako", "mail.example.ne.jp", "hanako@example.ne.jp"),
            ("hanako", "17.0.0.1", "hanako@17.0.0.1"),
        ] {
            assert_eq!(name_at(user, host), name, "{user} {host}");
        }
        let account = Account { address: Some("taro@example.jp"), user: Some("taro"), hosts: &["imap.x.jp"] };
        assert_eq!(account.names(), ["taro@imap.x.jp", "taro@example.jp"]);
        assert!(!digest("key", "hanako@example.jp").contains("hanako"));
        assert_ne!(digest("key", "hanako@example.jp"), digest("other", "hanako@example.jp"));
    }

    #[test]
    fn a_refusal_says_what_to_do_and_when() {
        for why in [Why::Busy, Why::TooOften, Why::SignedIn, Why::PasswordRefused] {
            let refusal = Refusal { why, seconds: 540 };
            let (en, ja) = (refusal.text(Wording(Lang::En)), refusal.text(Wording(Lang::Ja)));
            assert!(en.contains("9 minutes") && ja.contains("9分"), "{en} {ja}");
            assert_ne!(refusal.title(Wording(Lang::En)), refusal.title(Wording(Lang::Ja)));
        }
        assert_eq!(waiting(84_600, Wording(Lang::En)), "24 hours");
        assert_eq!(waiting(0, Wording(Lang::Ja)), "1秒");
    }

    fn granted(store: &Store, wish: SignInWish) -> Granted {
        Granted { store: store.clone(), key: "key".to_owned(), wish, accounts: Mutex::default() }
    }

    #[tokio::test]
    async fn many_callers_cannot_lock_a_strangers_account() {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(&Keeping::Folder(folder.path().to_owned())).await.unwrap();
        let spellings = ["hanako@example.jp", "Hanako@EXAMPLE.jp", "hanako+1@example.jp", "hanako"];
        let tries = (0..60).map(|number| {
            let (store, user) = (store.clone(), spellings[number % spellings.len()]);
            // each says that it has another password, and comes from another address
            tokio::spawn(async move {
                let name = name_at(user, ["imap.example.jp", "mail.example.jp"][number % 2]);
                granted(&store, SignInWish::OtherPassword).spend(&name).await
            })
        });
        let mut sent = 0;
        for one in tries.collect::<Vec<_>>() {
            sent += usize::from(one.await.unwrap());
        }
        assert_eq!(sent, 1);
    }

    #[tokio::test]
    async fn one_run_signs_in_to_all_servers_of_its_account_and_without_leave_to_none() {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(&Keeping::Folder(folder.path().to_owned())).await.unwrap();
        let run = granted(&store, SignInWish::Password);
        assert!(run.spend("a@example.jp").await && run.spend("a@example.jp").await);
        assert!(!granted(&store, SignInWish::Password).spend("a@example.jp").await);
        assert!(!granted(&store, SignInWish::None).spend("b@example.jp").await);
    }

    #[test]
    fn a_caller_has_two_runs_at_once() {
        let counts = Arc::default();
        let caller = Caller::at("203.0.113.7".parse().unwrap());
        let one = PlaceOfCaller::take(&counts, caller).unwrap();
        let other = PlaceOfCaller::take(&counts, caller).unwrap();
        assert!(PlaceOfCaller::take(&counts, caller).is_none());
        drop(one);
        assert!(PlaceOfCaller::take(&counts, caller).is_some());
        drop(other);
        assert!(counts.lock().unwrap().is_empty(), "nobody is remembered");
    }
}
