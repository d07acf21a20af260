#include "magics/view/style.h"

/* Tables stay tables when this is stripped; charts swap to their <img> twin (the rule on
 * .atl-twin is gone then). Sizes are in em, so that they follow the user's font size. */
static const char css[] =
    "<style>"
    ".atl{--atl-fg:var(--jp-content-font-color1,#24292f);"
    "--atl-dim:var(--jp-content-font-color2,#6b7280);"
    "--atl-line:var(--jp-border-color2,#d5d9de);"
    "--atl-bg:var(--jp-layout-color1,#fff);--atl-bg2:var(--jp-layout-color2,#f3f4f6);"
    "color:var(--atl-fg);font-size:13px;line-height:1.4;margin:4px 0 8px}"
    ".atl .atl-title{font-weight:600;font-size:14px;margin:2px 0 6px}"
    ".atl .atl-cap{color:var(--atl-dim);font-size:12px;margin:5px 2px 0}"
    ".atl .atl-scroll{display:inline-block;max-width:100%;max-height:430px;overflow:auto;"
    "border:1px solid var(--atl-line);border-radius:6px}"
    ".atl table.atl-grid{border-collapse:separate;border-spacing:0;margin:0;"
    "font-size:12.5px;font-variant-numeric:tabular-nums;border:none;table-layout:auto}"
    ".atl table.atl-grid th{position:sticky;top:0;z-index:1;background:var(--atl-bg2);"
    "color:var(--atl-fg);font-weight:600;text-align:left;vertical-align:bottom;"
    "padding:6px 12px 5px;border:none;border-bottom:1px solid var(--atl-line);"
    "white-space:nowrap;max-width:none}"
    ".atl table.atl-grid th small{font-weight:400;font-size:11px;"
    "color:var(--atl-dim)}"
    ".atl table.atl-grid td{padding:3.5px 12px;text-align:left;vertical-align:middle;"
    "border:none;background:var(--atl-bg);color:var(--atl-fg);white-space:nowrap;"
    "max-width:36em;overflow:hidden;text-overflow:ellipsis}"
    ".atl table.atl-grid tr+tr td{border-top:1px solid "
    "color-mix(in srgb,var(--atl-line) 45%,transparent)}"
    ".atl table.atl-grid tbody tr:hover td{background:var(--atl-bg2)}"
    ".atl table.atl-grid .atl-r{text-align:right}"
    ".atl table.atl-grid td.atl-wrap{white-space:normal;min-width:22em;max-width:52em}"
    ".atl pre.atl-code{display:inline-block;min-width:24em;margin:4px 0 0;padding:9px "
    "14px;"
    "font-size:12.5px;line-height:1.5;background:var(--atl-bg2);color:var(--atl-fg);"
    "border:1px solid var(--atl-line);border-radius:6px;user-select:all}"
    ".atl .atl-na{color:var(--atl-dim);opacity:.6}"
    ".atl .atl-key{color:var(--atl-dim)}"
    ".atl .atl-charts{display:flex;flex-wrap:wrap;gap:14px 22px}"
    ".atl .atl-chart{position:relative;line-height:0}"
    ".atl svg{overflow:visible}"
    ".atl .atl-t{position:absolute;line-height:1;white-space:nowrap;"
    "font-family:var(--jp-ui-font-family,system-ui,sans-serif)}"
    ".atl .atl-t::before{content:attr(data-t)}"
    ".atl .atl-twin{display:none}"
    ".atl .atl-pics{display:flex;flex-wrap:wrap;gap:12px 10px;align-items:flex-end;"
    "max-height:560px;overflow:auto}"
    ".atl .atl-pic{display:inline-flex;flex-direction:column;align-items:center;"
    "max-width:150px;font-size:12px;line-height:1.35;text-align:center}"
    ".atl .atl-pic img{border-radius:4px;margin:0 0 3px;max-width:none;"
    "background:var(--atl-bg2)}"
    ".atl .atl-pic img.atl-px{image-rendering:pixelated}"
    ".atl .atl-pic b{font-weight:500;overflow-wrap:anywhere}"
    ".atl .atl-pic small{color:var(--atl-dim);font-size:11px}"
    ".atl .atl-bad b{color:" AT_STYLE_BAD "}"
    ".atl .atl-spark svg{display:inline-block;vertical-align:middle}"
    ".atl .atl-bar{display:flex;align-items:center;gap:10px;max-width:760px}"
    ".atl .atl-bar progress{appearance:none;-webkit-appearance:none;flex:0 1 300px;"
    "min-width:120px;height:8px;border:none;border-radius:4px;overflow:hidden;"
    "background:var(--atl-bg2)}"
    ".atl .atl-bar progress::-webkit-progress-bar{background:var(--atl-bg2)}"
    ".atl .atl-bar progress::-webkit-progress-value{background:#3b82c4;border-radius:4px}"
    ".atl .atl-bar progress::-moz-progress-bar{background:#3b82c4;border-radius:4px}"
    ".atl .atl-bar.atl-done progress::-webkit-progress-value{background:" AT_STYLE_GOOD
    "}"
    ".atl .atl-bar.atl-done progress::-moz-progress-bar{background:" AT_STYLE_GOOD "}"
    ".atl .atl-bar.atl-failed progress::-webkit-progress-value{background:" AT_STYLE_BAD
    "}"
    ".atl .atl-bar.atl-failed progress::-moz-progress-bar{background:" AT_STYLE_BAD "}"
    ".atl .atl-bar b{white-space:nowrap;font-weight:600}"
    ".atl .atl-bar span{color:var(--atl-dim);font-variant-numeric:tabular-nums}"
    ".atl details>summary{cursor:pointer;color:var(--atl-dim);font-size:12px}"
    ".atl details>pre{max-height:320px;overflow:auto;margin:6px 0 0;padding:8px 10px;"
    "font-size:11.5px;line-height:1.45;background:var(--atl-bg2);border-radius:6px}"
    "</style>";

void at_style_put(at_text *html) {
    at_text_append(html, css, sizeof css - 1);
}

const char *at_style_color(size_t i) {
    static const char *const colors[] = {"#3b82c4", "#e0803a", "#2f9e6e", "#d64550",
                                         "#8b6cc7", "#2a9fa8", "#c2619a", "#9a8338"};
    return colors[i % (sizeof colors / sizeof *colors)];
}
