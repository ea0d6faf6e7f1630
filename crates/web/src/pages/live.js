// A run that is under way updates itself: output, tasks, state. Everything is set as text.
"use strict";

const output = document.getElementById("output");
const table = document.getElementById("table");
const state = document.getElementById("state");

/** The cell of a task on a host; what is missing of the table is added. */
function cell(task, host) {
  const head = table.tHead.rows[0];
  const hosts = [...head.cells].map((th) => th.textContent);
  let column = hosts.indexOf(host, 1);
  if (column < 0) {
    // Hosts stand in the order of their names, as on a page that is loaded later.
    column = hosts.findIndex((known, at) => at > 0 && known > host);
    if (column < 0) column = hosts.length;
    const th = document.createElement("th");
    th.scope = "col";
    th.textContent = host;
    head.insertBefore(th, head.cells[column] ?? null);
    for (const row of table.tBodies[0].rows) if (row.cells.length > column) row.insertCell(column);
  }
  const body = table.tBodies[0];
  let row = [...body.rows].find((tr) => tr.cells[0].textContent === task);
  if (!row) {
    row = body.insertRow();
    const th = row.appendChild(document.createElement("th"));
    th.scope = "row";
    th.textContent = task;
  }
  while (row.cells.length <= column) row.insertCell();
  return row.cells[column];
}

const events = new EventSource(output.dataset.live);

events.addEventListener("output", (event) => {
  const atEnd = output.scrollTop + output.clientHeight >= output.scrollHeight - 20;
  output.append(JSON.parse(event.data).text);
  if (atEnd) output.scrollTop = output.scrollHeight;
});

events.addEventListener("task", (event) => {
  const { host, task, result } = JSON.parse(event.data);
  const mark = document.createElement("span");
  mark.className = "result " + result;
  mark.textContent = table.getAttribute("data-" + result);
  cell(task, host).replaceChildren(mark);
  document.getElementById("tasks").hidden = false;
});

events.addEventListener("state", (event) => {
  const now = JSON.parse(event.data);
  state.className = "state " + now.state;
  state.textContent = state.getAttribute("data-" + now.state);
  const says = document.getElementById("says");
  says.textContent = now.exit ? says.dataset.exit + " " + now.exit : now.says;
});

events.addEventListener("end", () => {
  events.close();
  const cancel = document.getElementById("cancel");
  if (cancel) cancel.remove();
});
