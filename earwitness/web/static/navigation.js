// The groups of pages in the header. They open without scripts, one at a time; here they close when one goes on to something else.

const groups = [...document.querySelectorAll(".pages details")];

function close(which = () => true) {
  for (const group of groups.filter(which)) group.open = false;
}

for (const group of groups) {
  group.addEventListener("focusout", ({ relatedTarget }) => {
    if (relatedTarget && !group.contains(relatedTarget)) group.open = false;
  });
}
document.addEventListener("pointerdown", ({ target }) => close((group) => !group.contains(target)));
document.addEventListener("keydown", ({ key }) => {
  const open = key === "Escape" && groups.find((group) => group.open);
  if (!open) return;
  if (open.contains(document.activeElement)) open.querySelector("summary").focus();
  close();
});
window.addEventListener("pagehide", () => close()); // whoever comes back finds them closed
