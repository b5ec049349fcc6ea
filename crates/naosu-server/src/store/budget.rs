//! Sign-ins: when each account was last signed in to, by a digest that only this server can make.

use sqlx::Row;

use super::Store;

/// How long after a sign-in the next one waits, in seconds.
pub(crate) const PAUSE: i64 = 10 * 60;

/// In which time there are at most three sign-ins, in seconds.
pub(crate) const DAY: i64 = 24 * 60 * 60;

/// How an account stands.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub(crate) struct Standing {
    /// The last sign-in, in seconds since 1970 UTC; 0 where there was none.
    pub(crate) latest: i64,
    /// The last but two.
    pub(crate) third: i64,
    /// Whether the password of the last one was refused.
    pub(crate) refused: bool,
}

impl Standing {
    /// How many seconds after `at` it may be signed in to.
    pub(crate) fn wait(self, at: i64) -> u64 {
        let next = (self.latest + PAUSE).max(self.third + DAY);
        u64::try_from(next - at).unwrap_or(0)
    }
}

impl Store {
    /// The key of the digests; made when it is first asked for.
    pub(crate) async fn sign_in_key(&self, fresh: &str) -> sqlx::Result<String> {
        sqlx::query("INSERT INTO sign_in_key (id, secret) VALUES (1, $1) ON CONFLICT (id) DO NOTHING")
            .bind(fresh)
            .execute(&self.pool)
            .await?;
        sqlx::query_scalar("SELECT secret FROM sign_in_key WHERE id = 1").fetch_one(&self.pool).await
    }

    /// How an account stands.
    pub(crate) async fn sign_in_standing(&self, account: &str) -> sqlx::Result<Standing> {
        let row = sqlx::query("SELECT latest, third, refused FROM sign_in_budget WHERE account = $1")
            .bind(account)
            .fetch_optional(&self.pool)
            .await?;
        let Some(row) = row else { return Ok(Standing::default()) };
        let refused: i64 = row.try_get("refused")?;
        Ok(Standing { latest: row.try_get("latest")?, third: row.try_get("third")?, refused: refused != 0 })
    }

    /// Spends one sign-in of an account, if it has one left; `changed` says that the password is another than the refused
    /// one. One statement: of two that come at once one is refused.
    pub(crate) async fn spend_sign_in(&self, account: &str, at: i64, changed: bool) -> sqlx::Result<bool> {
        let spent = sqlx::query(
            "INSERT INTO sign_in_budget (account, latest, second, third, refused) VALUES ($1, $2, 0, 0, 0)
             ON CONFLICT (account) DO UPDATE SET third = sign_in_budget.second, second = sign_in_budget.latest,
             latest = excluded.latest, refused = 0
             WHERE sign_in_budget.latest <= $3 AND sign_in_budget.third <= $4
             AND (sign_in_budget.refused = 0 OR $5 = 1)",
        )
        .bind(account)
        .bind(at)
        .bind(at - PAUSE)
        .bind(at - DAY)
        .bind(i64::from(changed))
        .execute(&self.pool)
        .await?;
        Ok(spent.rows_affected() == 1)
    }

    /// Keeps that the password of an account's last sign-in was refused.
    pub(crate) async fn sign_in_refused(&self, account: &str) -> sqlx::Result<()> {
        sqlx::query("UPDATE sign_in_budget SET refused = 1 WHERE account = $1")
            .bind(account)
            .execute(&self.pool)
            .await?;
        Ok(())
    }

    /// Forgets accounts that were last signed in to before that time.
    pub(crate) async fn forget_sign_ins(&self, before: i64) -> sqlx::Result<()> {
        sqlx::query("DELETE FROM sign_in_budget WHERE latest < $1").bind(before).execute(&self.pool).await?;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Keeping;

    async fn store() -> (tempfile::TempDir, Store) {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(&Keeping::Folder(folder.path().to_owned())).await.unwrap();
        (folder, store)
    }

    #[tokio::test]
    async fn one_in_ten_minutes_and_three_in_a_day() {
        let (_folder, store) = store().await;
        let start = 1_800_000_000;
        let spend = async |after| store.spend_sign_in("a", start + after, false).await.unwrap();
        assert!(spend(0).await);
        assert!(!spend(1).await && !spend(PAUSE - 1).await);
        assert!(spend(PAUSE).await);
        assert!(spend(2 * PAUSE).await);
        assert!(!spend(3 * PAUSE).await && !spend(DAY - 1).await);
        assert_eq!(store.sign_in_standing("a").await.unwrap().wait(start + 3 * PAUSE), 84_600);
        assert!(spend(DAY).await);
        assert!(!spend(DAY + PAUSE - 1).await);
        assert!(spend(DAY + PAUSE).await);
        assert!(store.spend_sign_in("b", start, false).await.unwrap(), "another account has its own");
    }

    #[tokio::test]
    async fn after_a_refusal_only_another_password() {
        let (_folder, store) = store().await;
        assert!(store.spend_sign_in("a", 1_800_000_000, false).await.unwrap());
        store.sign_in_refused("a").await.unwrap();
        let later = 1_800_000_000 + DAY;
        assert!(!store.spend_sign_in("a", later, false).await.unwrap());
        assert!(
            !store.spend_sign_in("a", 1_800_000_001, true).await.unwrap(),
            "the pause holds all the same"
        );
        assert!(store.spend_sign_in("a", later, true).await.unwrap());
        assert!(!store.sign_in_standing("a").await.unwrap().refused);
        store.forget_sign_ins(later + 1).await.unwrap();
        assert_eq!(store.sign_in_standing("a").await.unwrap(), Standing::default());
    }

    #[tokio::test]
    async fn of_many_at_once_one_is_let_through() {
        let (_folder, store) = store().await;
        let many = (0..40).map(|_| {
            let store = store.clone();
            tokio::spawn(async move { store.spend_sign_in("a", 1_800_000_000, true).await.unwrap() })
        });
        let mut granted = 0;
        for one in many.collect::<Vec<_>>() {
            granted += usize::from(one.await.unwrap());
        }
        assert_eq!(granted, 1);
    }

    #[tokio::test]
    async fn the_key_stays_the_same() {
        let (_folder, store) = store().await;
        assert_eq!(store.sign_in_key("one").await.unwrap(), "one");
        assert_eq!(store.sign_in_key("other").await.unwrap(), "one");
    }
}
