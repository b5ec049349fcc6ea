//! A password or token: it cannot be printed, logged, compared or serialised, and is wiped when dropped.

use zeroize::Zeroizing;

/// What a sign-in is made with.
pub enum Credential {
    /// A password.
    Password(Secret),
    /// An OAuth 2.0 access token.
    Token(Secret),
}

/// A password or an access token. Without `Debug`, `Display`, `Serialize` and `Clone` on purpose.
pub struct Secret(Zeroizing<String>);

impl Secret {
    /// Takes the text over.
    pub fn new(text: String) -> Self {
        Self(Zeroizing::new(text))
    }

    /// The text, for the one place that writes it to a verified, encrypted connection.
    pub fn expose(&self) -> &str {
        &self.0
    }
}
