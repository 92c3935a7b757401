//! Greets its first argument: the smallest job there is. A plain program that knows nothing of Innkeeper.

use std::env;

fn main() {
    println!("{}", greeting(env::args().nth(1).as_deref()));
}

fn greeting(name: Option<&str>) -> String {
    format!("Hello, {}", name.unwrap_or("whoever you are"))
}

#[cfg(test)]
mod tests {
    use super::greeting;

    #[test]
    fn it_greets_by_name_where_there_is_one() {
        assert_eq!(greeting(Some("Ada Lovelace")), "Hello, Ada Lovelace");
        assert_eq!(greeting(None), "Hello, whoever you are");
    }
}
