// Runs before the first paint, so that neither theme nor language flashes.
;(function () {
  var root = document.documentElement
  try {
    root.dataset.theme = localStorage.getItem('ioc.theme') === 'light' ? 'light' : 'dark'
    root.lang = localStorage.getItem('ioc.lang') === 'en' ? 'en' : 'vi'
  } catch (e) {
    root.dataset.theme = 'dark'
  }
})()
