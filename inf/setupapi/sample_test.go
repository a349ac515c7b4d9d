package setupapi

// importTrusted is an import that needed no prompt on Windows 11, with the
// lines that releases since 1903 write.
const importTrusted = `>>>  [Setup Import Driver Package - c:\contoso\toaster\w11x64\toaster.inf]
>>>  Section start 2024/05/06 19:47:17.967
      cmd: "C:\Contoso\setup.exe" /path "C:\Contoso\Toaster\W11x64" /F
     inf: Provider: Contoso, Inc.
     inf: Class GUID: {4D36E97D-E325-11CE-BFC1-08002BE10318}
     inf: Driver Version: 10/02/2023,1.2.0.124
     inf: Catalog File: toaster.cat
     ump: Import flags: 0x00000001
     pol: {Driver package policy check} 19:47:17.982
     pol: {Driver package policy check - exit(0x00000000)} 19:47:17.983
     sto: {Stage Driver Package: c:\contoso\toaster\w11x64\toaster.inf} 19:47:17.983
     inf:      Provider       = Contoso, Inc.
     inf:      Class GUID     = {4d36e97d-e325-11ce-bfc1-08002be10318}
     inf:      Driver Version = 10/02/2023,1.2.0.124
     inf:      Catalog File   = toaster.cat
     inf:      Version Flags  = 0x00000003
     inf:      {Query Configurability: c:\contoso\toaster\w11x64\toaster.inf} 19:47:17.987
     inf:           Driver package 'toaster.inf' is configurable.
     inf:      {Query Configurability: exit(0x00000000)} 19:47:17.990
     flq:      {FILE_QUEUE_COMMIT} 19:47:17.991
     flq:           Copying 'c:\contoso\toaster\w11x64\toaster.cat' to 'C:\WINDOWS\System32\DriverStore\Temp\{f1ec5bab-c4a5-2447-9131-ff659b791da4}\toaster.cat'.
     flq:           Copying 'c:\contoso\toaster\w11x64\toaster.inf' to 'C:\WINDOWS\System32\DriverStore\Temp\{f1ec5bab-c4a5-2447-9131-ff659b791da4}\toaster.inf'.
     flq:      {FILE_QUEUE_COMMIT - exit(0x00000000)} 19:47:18.009
     sto:      {DRIVERSTORE IMPORT VALIDATE} 19:47:18.010
     sig:           Driver package catalog is valid.
     sig:           {_VERIFY_FILE_SIGNATURE} 19:47:18.052
     sig:                Key      = toaster.inf
     sig:                FilePath = C:\WINDOWS\System32\DriverStore\Temp\{f1ec5bab-c4a5-2447-9131-ff659b791da4}\toaster.inf
     sig:                Catalog  = C:\WINDOWS\System32\DriverStore\Temp\{f1ec5bab-c4a5-2447-9131-ff659b791da4}\toaster.cat
!    sig:                Verifying file against specific (valid) catalog failed.
!    sig:                Error 0x800b0109: A certificate chain processed, but terminated in a root certificate which is not trusted by the trust provider.
     sig:           {_VERIFY_FILE_SIGNATURE exit(0x800b0109)} 19:47:18.060
     sig:           {_VERIFY_FILE_SIGNATURE} 19:47:18.060
     sig:                Key      = toaster.inf
     sig:                FilePath = C:\WINDOWS\System32\DriverStore\Temp\{f1ec5bab-c4a5-2447-9131-ff659b791da4}\toaster.inf
     sig:                Catalog  = C:\WINDOWS\System32\DriverStore\Temp\{f1ec5bab-c4a5-2447-9131-ff659b791da4}\toaster.cat
     sig:                Success: File is signed in Authenticode(tm) catalog.
     sig:                Error 0xe0000241: The INF was signed with an Authenticode(tm) catalog from a trusted publisher.
     sig:           {_VERIFY_FILE_SIGNATURE exit(0xe0000241)} 19:47:18.065
     sto:      {DRIVERSTORE IMPORT VALIDATE: exit(0x00000000)} 19:47:18.067
     sig:      Signer Score  = 0x0F000000 (Authenticode)
     sig:      Signer Name   = Contoso, Inc.
     sto:      {Core Driver Package Import: toaster.inf_amd64_f6502633f1335e76} 19:47:18.069
     sto:           {DRIVERSTORE IMPORT BEGIN} 19:47:18.070
     sto:           {DRIVERSTORE IMPORT BEGIN: exit(0x00000000)} 19:47:18.070
     idb:           {Register Driver Package: C:\WINDOWS\System32\DriverStore\FileRepository\toaster.inf_amd64_f6502633f1335e76\toaster.inf} 19:47:18.076
     idb:                Created driver package object 'toaster.inf_amd64_f6502633f1335e76' in SYSTEM database node.
     idb:                Created driver INF file object 'oem4.inf' in SYSTEM database node.
     idb:                Registered driver package 'toaster.inf_amd64_f6502633f1335e76' with 'oem4.inf'.
     idb:           {Register Driver Package: exit(0x00000000)} 19:47:18.088
     sto:      {Core Driver Package Import: exit(0x00000000)} 19:47:18.164
     sto: {Stage Driver Package: exit(0x00000000)} 19:47:18.165
<<<  Section end 2024/05/06 19:47:18.208
<<<  [Exit status: SUCCESS]`
