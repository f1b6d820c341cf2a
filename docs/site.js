// What the theme leaves out for people who use a keyboard or listen: names of regions, a heading, ways to scroll.
document.addEventListener("DOMContentLoaded", () => {
  document.querySelector("aside.sidebar-drawer")?.setAttribute("aria-label", "All pages");
  document.querySelector("aside.toc-drawer")?.setAttribute("aria-label", "On this page");
  document.querySelectorAll("p.caption[role=heading]").forEach((caption) => caption.setAttribute("aria-level", "2"));
  const tell = (box, label) => Object.entries({ tabindex: "0", role: "region", "aria-label": label })
    .forEach(([name, value]) => box.setAttribute(name, value));
  document.querySelectorAll(".highlight pre").forEach((box, at) => tell(box, `Code ${at + 1}`));
  document.querySelectorAll(".table-wrapper").forEach((box, at) => tell(box, `Table ${at + 1}`));
  if (!document.querySelector("h1")) {
    const heading = document.createElement("h1");
    heading.textContent = "Search";
    document.querySelector("#furo-main-content")?.prepend(heading);
  }
});
