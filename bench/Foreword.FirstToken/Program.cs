using System.Diagnostics;
using System.Globalization;
using System.Numerics.Tensors;
using Foreword.Cpu;
using Foreword.Models;

// The smallest program that generates text with a model. It measures the time from the start of the process to the first token.
//   dotnet publish bench/Foreword.FirstToken -c Release -r linux-x64 -o out
//   out/Foreword.FirstToken MODEL [TOKENS] [ID...]
if (args.Length == 0)
{
    Console.Error.WriteLine("usage: Foreword.FirstToken MODEL [TOKENS] [ID...]");
    return 2;
}

int count = args.Length > 1 ? int.Parse(args[1], CultureInfo.InvariantCulture) : 1;
int[] ids = args.Length > 2 ? [.. args[2..].Select(id => int.Parse(id, CultureInfo.InvariantCulture))] : [.. Enumerable.Range(1, 16)];
using CpuLanguageModel model = CpuLanguageModel.Load(args[0]);
using IDecoder decoder = model.CreateDecoder();
int next = TensorPrimitives.IndexOfMax(decoder.Append(ids));
TimeSpan first = DateTime.Now - Process.GetCurrentProcess().StartTime;
List<int> written = [next];
long start = Stopwatch.GetTimestamp();
while (written.Count < count)
    written.Add(next = TensorPrimitives.IndexOfMax(decoder.Append([next])));
string rate = count < 2 ? "" : string.Create(CultureInfo.InvariantCulture, $" then {(count - 1) / Stopwatch.GetElapsedTime(start).TotalSeconds:F0} tokens/s;");
using Process self = Process.GetCurrentProcess();
Console.WriteLine(string.Join(' ', written));
Console.Error.WriteLine(string.Create(CultureInfo.InvariantCulture, $"first token of {ids.Length} after {first.TotalMilliseconds:F0} ms;{rate} peak memory {self.PeakWorkingSet64 / 1e6:F0} MB"));
return 0;
