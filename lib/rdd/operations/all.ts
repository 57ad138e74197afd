/** Every group of operations on datasets: importing this file adds them to the class. */
import './actions.ts'
import './by-key.ts'
import './narrow.ts'
import './save-as-text-file.ts'
import './union.ts'
