// Rego by regorus over one JSON list of objects: it reads no YAML and no folders.
//
//     regorus-peer RULES.rego OBJECTS.json [--print]
//     regorus-peer RULES.rego PLAN.json --plan
use std::io::Write;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let arguments: Vec<String> = std::env::args().collect();
    let print = arguments.iter().any(|argument| argument == "--print");
    let mut engine = regorus::Engine::new();
    engine.add_policy_from_file(&arguments[1])?;
    let objects = regorus::Value::from_json_file(&arguments[2])?;
    if arguments.iter().any(|argument| argument == "--plan") {
        engine.set_input(objects);
        let denied = engine.eval_rule("data.plan.deny".to_string())?;
        println!("{denied}");
        return Ok(());
    }
    let mut out = std::io::BufWriter::new(std::io::stdout());
    let (mut judged, mut refused) = (0, 0);
    for object in objects.as_array()?.iter() {
        judged += 1;
        engine.set_input(object.clone());
        let denied = engine.eval_rule("data.main.deny".to_string())?;
        let mut any = false;
        if let Ok(messages) = denied.as_set() {
            for message in messages.iter() {
                any = true;
                if print {
                    let kind = object["kind"].as_string().map(|s| s.to_string()).unwrap_or_default();
                    let name = object["metadata"]["name"].as_string().map(|s| s.to_string()).unwrap_or_default();
                    writeln!(out, "-\t{}/{}\t{}", kind, name, message.as_string()?)?;
                }
            }
        }
        if any {
            refused += 1;
        }
    }
    out.flush()?;
    eprintln!("{judged} judged, {refused} refused");
    Ok(())
}
