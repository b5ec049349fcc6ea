//! What services, devices and mail programs are called.

pub(crate) use naosu_core::name::name;
