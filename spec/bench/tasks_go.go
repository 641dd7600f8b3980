// Go's side of tasks.lua: lines of a row's name and its figure.
//
//	tasks_go speed     CPU nanoseconds per operation
//	tasks_go memory    bytes per sleeping goroutine
//
// There is no row for sleep: time.Sleep(0) returns at once.
package main

import (
	"fmt"
	"os"
	"runtime"
	"strings"
	"sync"
	"syscall"
	"time"
)

const (
	many     = 1000000
	batch    = 1000
	sleepers = 100000
)

//go:noinline
func nothing() {}

// Of the whole process, for the collector has threads of its own.
func cpuNanoseconds() int64 {
	var usage syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &usage); err != nil {
		panic(err)
	}
	return usage.Utime.Nano() + usage.Stime.Nano()
}

func row(name string, body func()) {
	runtime.GC()
	start := cpuNanoseconds()
	body()
	fmt.Printf("%s %.1f\n", name, float64(cpuNanoseconds()-start)/many)
}

func spawnAndFinish() {
	var group sync.WaitGroup
	for i := 0; i < many/batch; i++ {
		group.Add(batch)
		for j := 0; j < batch; j++ {
			go func() {
				nothing()
				group.Done()
			}()
		}
		group.Wait()
	}
}

// Two goroutines in turns, so that each pass goes to the other one.
func alternate() {
	var group sync.WaitGroup
	half := func() {
		for i := 0; i < many/2; i++ {
			runtime.Gosched()
		}
		group.Done()
	}
	group.Add(2)
	go half()
	go half()
	group.Wait()
}

func armAndCancel() {
	for i := 0; i < many; i++ {
		timer := time.NewTimer(10 * time.Second)
		nothing()
		timer.Stop()
	}
}

func calls() {
	for i := 0; i < many; i++ {
		nothing()
	}
}

func passValues(capacity int) func() {
	return func() {
		var group sync.WaitGroup
		channel := make(chan int, capacity)
		group.Add(2)
		go func() {
			for i := 0; i < many; i++ {
				channel <- i
			}
			group.Done()
		}()
		go func() {
			for i := 0; i < many; i++ {
				<-channel
			}
			group.Done()
		}()
		group.Wait()
	}
}

func speed() {
	row("spawn", spawnAndFinish)
	row("switch", alternate)
	row("timer", armAndCancel)
	row("call", calls)
	row("channel1", passValues(1))
	row("channel100", passValues(100))
}

// Resident bytes of this process; unlike statm this file is exact.
func resident() int64 {
	text, err := os.ReadFile("/proc/self/smaps_rollup")
	if err != nil {
		panic(err)
	}
	var kib int64
	rss := string(text)[strings.Index(string(text), "\nRss:"):]
	if _, err := fmt.Sscanf(rss, "\nRss: %d", &kib); err != nil {
		panic(err)
	}
	return kib * 1024
}

func heap() int64 {
	var stats runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&stats)
	return int64(stats.HeapAlloc + stats.StackInuse)
}

func memory() {
	own, seen := heap(), resident()
	for i := 0; i < sleepers; i++ {
		go time.Sleep(1000 * time.Second)
	}
	time.Sleep(100 * time.Millisecond) // until all of them sleep
	fmt.Printf("resident %d\n", (resident()-seen)/sleepers)
	fmt.Printf("heap %d\n", (heap()-own)/sleepers)
}

func main() {
	runtime.GOMAXPROCS(1)
	if os.Args[1] == "speed" {
		speed()
	} else {
		memory()
	}
}
