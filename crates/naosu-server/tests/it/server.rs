//! A server of its own for each test, on a free port, with a folder that is gone afterwards.

use std::net::SocketAddr;
use std::sync::{LazyLock, mpsc};
use std::time::Duration;

use naosu_core::knowledge::Knowledge;
use naosu_server::{Config, Helpers, Keeping, Policy, Role, serve};
use tempfile::TempDir;

use crate::client::Browser;
use crate::serving::loopback;

static KNOWLEDGE: LazyLock<Knowledge> = LazyLock::new(|| Knowledge::built_in().unwrap());

/// A running server; it ends with the process.
pub(crate) struct Server {
    pub(crate) address: SocketAddr,
    pub(crate) keeping: Keeping,
    runtime: tokio::runtime::Runtime,
    _folder: Option<TempDir>,
}

impl Server {
    /// One that keeps its cases in SQLite.
    pub(crate) fn start() -> Self {
        let folder = TempDir::new().unwrap();
        let keeping = Keeping::Folder(folder.path().to_owned());
        Self { _folder: Some(folder), ..Self::keeping(keeping) }
    }

    /// One that keeps its cases there.
    pub(crate) fn keeping(keeping: Keeping) -> Self {
        Self::keeping_for(keeping, naosu_server::KEEP_DAYS)
    }

    /// One that keeps its cases there for so many days.
    pub(crate) fn keeping_for(keeping: Keeping, keep_days: u32) -> Self {
        let runtime = tokio::runtime::Runtime::new().unwrap();
        let config = Config {
            keeping: keeping.clone(),
            public_url: "http://naosu.test".to_owned(),
            certificate: None,
            reach: Policy::Public,
            trust_proxy: false,
            keep_days,
            outside: naosu_server::Outside::default(),
        };
        let (listener, address) = loopback();
        let (ready, told) = mpsc::channel();
        runtime.spawn(async move {
            let served = serve(listener, config, &KNOWLEDGE, move || ready.send(()).unwrap()).await;
            served.unwrap();
        });
        told.recv_timeout(Duration::from_mins(1)).unwrap();
        Self { address, keeping, runtime, _folder: None }
    }

    /// A browser that was never here.
    pub(crate) fn browser(&self) -> Browser {
        Browser::new(self.address)
    }

    pub(crate) fn add_helper(&self, name: &str, role: Role, password: &str) {
        self.runtime.block_on(async {
            Helpers::open(&self.keeping).await.unwrap().add(name, role, password).await.unwrap();
        });
    }

    /// Changes what is kept behind the server's back.
    pub(crate) fn execute(&self, sql: &str) {
        self.runtime.block_on(async {
            let pool = self.pool().await;
            sqlx::raw_sql(sqlx::AssertSqlSafe(sql.to_owned())).execute(&pool).await.unwrap();
            pool.close().await;
        });
    }

    /// A number that is kept.
    pub(crate) fn number(&self, sql: &str) -> i64 {
        self.runtime.block_on(async {
            let pool = self.pool().await;
            let number =
                sqlx::query_scalar(sqlx::AssertSqlSafe(sql.to_owned())).fetch_one(&pool).await.unwrap();
            pool.close().await;
            number
        })
    }

    async fn pool(&self) -> sqlx::AnyPool {
        sqlx::any::install_default_drivers();
        let url = match &self.keeping {
            Keeping::Folder(folder) => format!("sqlite://{}", folder.join("naosu.sqlite3").display()),
            Keeping::Postgres(url) => url.clone(),
        };
        sqlx::AnyPool::connect(&url).await.unwrap()
    }
}
