using Foreword.NativeAot;

// Uses what a program of one's own may use of Foreword and Foreword.Cpu, on the small models of the tests, and writes down every result to the bit.
// Published as Native AOT and run by the just-in-time compiler it writes the same:
//   dotnet publish tests/Foreword.NativeAot -c Release -r linux-x64 -p:IlcInstructionSet=native -o out
//   out/Foreword.NativeAot tests/fixtures
if (args is not [var fixtures])
{
    Console.Error.WriteLine("usage: Foreword.NativeAot FIXTURES");
    return 2;
}

await Everything.RunAsync(fixtures, Console.Out);
return 0;
