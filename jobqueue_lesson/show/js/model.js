// The little of anywidget's model that a widget's view asks for: fields to read, and events to hear.

export class Model {
  constructor(fields) {
    this.fields = { layout: {}, ...fields };
    this.heard = new Map(); // what has happened → whom to call
  }

  get(name) {
    return this.fields[name];
  }

  set(name, value) {
    if (this.fields[name] === value) return;
    this.fields[name] = value;
    this.emit(`change:${name}`);
  }

  on(what, call) {
    if (!this.heard.has(what)) this.heard.set(what, new Set());
    this.heard.get(what).add(call);
  }

  off(what, call) {
    this.heard.get(what)?.delete(call);
  }

  emit(what, ...values) {
    for (const call of this.heard.get(what) ?? []) call(...values);
  }
}
